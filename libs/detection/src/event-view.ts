import type { Observation } from '@tidewaiter/domain';
import { factField, type FactContext, isFactField } from '@tidewaiter/facts';
import { logsourcesOf, scalarsOf, sigmaField } from '@tidewaiter/sensors';
import type { SigmaEvent } from '@tidewaiter/sigma';

import type { FileWriter, FileWriters } from './file-writers.js';
import type { ProcessTree, TreeProcess } from './process-tree.js';

/** What the fields of one observation are answered from. */
export interface Seen {
  observation: Observation;
  process: TreeProcess | null;
  tree: ProcessTree;
  writers: FileWriters;
  facts: FactContext;
}

/** An observation as rules see it: the sensor's words, what is remembered of processes, and what is known of images. */
export function eventView(seen: Seen): SigmaEvent {
  const { observation, facts } = seen;
  return {
    logsources: logsourcesOf(observation),
    field(name) {
      const remembered = rememberedFields.get(name);
      if (remembered !== undefined) return remembered(seen);
      return isFactField(name) ? factField(name, observation, facts) : sigmaField(observation, name);
    },
    scalars: () => scalarsOf(observation),
  };
}

/** Fields that only memory answers. Undefined: not known. */
const rememberedFields: ReadonlyMap<string, (seen: Seen) => unknown> = new Map<string, (seen: Seen) => unknown>([
  ['Process.AncestorExecutables', (seen) => orUnknown(ancestors(seen).flatMap(({ executable }) => executable ?? []))],
  ['Process.RootExecutable', (seen) => inside(seen).at(-1)?.executable ?? undefined],
  ['Process.Depth', (seen) => (seen.process === null ? undefined : inside(seen).length - 1)],
  ['Process.AgeSeconds', ({ observation, process }) => age(observation.timeMs, process?.startedMs)],
  [
    'Process.Suspected',
    ({ observation, tree, process }) =>
      process === null ? undefined : orUnknown(tree.suspicions(process, observation.timeMs)),
  ],
  ['File.WrittenBy', (seen) => writer(seen)?.executables],
  ['File.WrittenInContainer', (seen) => writer(seen)?.inContainer],
]);

function ancestors({ process, tree }: Seen): TreeProcess[] {
  return process === null ? [] : tree.ancestors(process);
}

/** The process and its ancestors within the same container: what starts containers is not of them. */
function inside(seen: Seen): TreeProcess[] {
  const { process } = seen;
  if (process === null) return [];
  return [process, ...ancestors(seen).filter(({ container }) => container === process.container)];
}

function age(timeMs: number, startedMs: number | null | undefined): number | undefined {
  return startedMs == null ? undefined : (timeMs - startedMs) / 1000;
}

/** Of the executable that is started, else of the file that is touched. */
function writer({ observation, writers }: Seen): FileWriter | null {
  const { activity, process, file } = observation;
  const path = activity === 'exec' || file === null ? process?.executable : file.path;
  return path ? writers.writerOf(observation, path) : null;
}

function orUnknown(list: string[]): string[] | undefined {
  return list.length === 0 ? undefined : list;
}
