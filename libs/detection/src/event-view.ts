import type { Observation } from '@tidewaiter/domain';
import { type FactContext, factGetter } from '@tidewaiter/facts';
import { logsourcesOf, scalarsOf, sigmaGetter } from '@tidewaiter/sensors';
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
  const { observation } = seen;
  return {
    logsources: logsourcesOf(observation),
    field: (name) => getterOf(name)(seen),
    scalars: () => scalarsOf(observation),
  };
}

type Getter = (seen: Seen) => unknown;

/** Rules ask for the same names of every event: whose they are is found out once. */
const getters = new Map<string, Getter>();
/** More than any rules ask for. Names come from rules alone, but rules come and go. */
const maxGetters = 10_000;

function getterOf(name: string): Getter {
  let getter = getters.get(name);
  if (getter === undefined) {
    if (getters.size >= maxGetters) getters.clear();
    getters.set(name, (getter = findGetter(name)));
  }
  return getter;
}

function findGetter(name: string): Getter {
  const remembered = rememberedFields.get(name);
  if (remembered !== undefined) return remembered;
  const fact = factGetter(name);
  if (fact !== undefined) return ({ observation, facts }) => fact(observation, facts);
  const said = sigmaGetter(name);
  return ({ observation }) => said(observation);
}

/** Fields that only memory answers. Undefined: not known. */
const rememberedFields: ReadonlyMap<string, Getter> = new Map<string, Getter>([
  ['Process.AncestorExecutables', (seen) => orUnknown(ancestors(seen).flatMap(({ executable }) => executable ?? []))],
  ['Process.RootExecutable', (seen) => inside(seen).at(-1)?.executable ?? undefined],
  ['Process.Depth', (seen) => (seen.process === null ? undefined : inside(seen).length - 1)],
  ['Process.ParentUid', (seen) => inside(seen)[1]?.uid ?? undefined],
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
