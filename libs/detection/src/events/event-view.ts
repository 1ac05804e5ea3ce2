import { factGetter } from '@tidewaiter/facts';
import { logsourcesOf, scalarsOf, sigmaGetter } from '@tidewaiter/sensors';
import type { SigmaEvent } from '@tidewaiter/sigma';

import { isInImage } from './declared-program.js';
import { ancestors, type EventInputs, inside } from './event-inputs.js';
import { roleOfEvent } from './event-role.js';
import type { FileWriter } from './file-writers.js';
import { installedBy } from './own-install.js';
import { processSession } from './process-session.js';
import type { TreeProcess } from './process-tree.js';
import { isOtherWorkspace } from './workspace.js';

/**
 * View of an observation for rules: the sensor's fields, the memory of processes, and the facts of
 * images.
 */
export function eventView(inputs: EventInputs): SigmaEvent {
  return new EventView(inputs);
}

/** View with shared methods: functions of its own would cost more for each event. */
class EventView implements SigmaEvent {
  readonly logsources: SigmaEvent['logsources'];

  constructor(private readonly inputs: EventInputs) {
    this.logsources = logsourcesOf(inputs.observation);
  }

  field(name: string): unknown {
    return getterOf(name)(this.inputs);
  }

  scalars(): ReturnType<SigmaEvent['scalars']> {
    return scalarsOf(this.inputs.observation);
  }
}

type Getter = (inputs: EventInputs) => unknown;

/**
 * Getters by field name: rules read the same names of every event, so each name is resolved once.
 */
const getters = new Map<string, Getter>();
/** Limit above what any rule set reads. Names come only from rules, but rules are replaced. */
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
  const sigmaField = sigmaGetter(name);
  return ({ observation }) => sigmaField(observation);
}

/** Fields that need the memory of the detector. Undefined: not known. */
const rememberedFields: ReadonlyMap<string, Getter> = new Map<string, Getter>([
  [
    'Process.AncestorExecutables',
    (inputs) => orUnknown(ancestors(inputs).flatMap(({ executable }) => executable ?? [])),
  ],
  // Kprobe events of Tetragon may come without the parent.
  [
    'Process.ParentExecutable',
    ({ observation, process, tree }) =>
      observation.process?.parentExecutable ?? (process && tree.parentOf(process)?.executable) ?? undefined,
  ],
  ['Request.OwnImage', ({ observation, origins }) => origins.isOwnImage(observation)],
  ['Request.OwnObject', ({ observation, objects }) => objects.isOwn(observation)],
  ['File.InImage', isInImage],
  ['File.InstalledBy', installedBy],
  ['Process.RootExecutable', (inputs) => inside(inputs).at(-1)?.executable ?? undefined],
  ['Image.Role', roleOfEvent],
  ['Process.Session', processSession],
  [
    'Process.OpenedBy',
    ({ observation, origins, facts }) =>
      observation.process === null ? undefined : (origins.visitorOfWorkload(observation, facts) ?? undefined),
  ],
  ['Process.Depth', (inputs) => (inputs.process === null ? undefined : inside(inputs).length - 1)],
  ['Process.ParentUid', (inputs) => parentInside(inputs)?.uid ?? undefined],
  ['Process.AgeSeconds', ({ observation, process }) => age(observation.timeMs, process?.startedMs)],
  [
    'Process.Suspected',
    ({ observation, tree, process }) =>
      process === null ? undefined : orUnknown(tree.suspicions(process, observation.timeMs)),
  ],
  ['File.OtherWorkspace', ({ observation }) => isOtherWorkspace(observation)],
  ['File.WrittenBy', (inputs) => writer(inputs)?.executables],
  ['File.WrittenInContainer', (inputs) => writer(inputs)?.inContainer ?? (isPlacedOnHost(inputs) || undefined)],
]);

function parentInside({ process, tree }: EventInputs): TreeProcess | null {
  const parent = process && tree.parentOf(process);
  return parent?.container === process?.container ? parent : null;
}

function age(timeMs: number, startedMs: number | null | undefined): number | undefined {
  return startedMs == null ? undefined : (timeMs - startedMs) / 1000;
}

/** Returns the last writer of the executable that is started, else of the file that is accessed. */
function writer({ observation, writers }: EventInputs): FileWriter | null {
  const { activity, process, file } = observation;
  const path = activity === 'exec' || file === null ? process?.executable : file.path;
  return path ? writers.writerOf(observation, path) : null;
}

/** Whether a program of the node was written by a container through a mount. */
function isPlacedOnHost({ observation, writers }: EventInputs): boolean {
  const { container, process, file } = observation;
  if (container !== null || file !== null || !process?.executable) return false;
  return writers.placedOnHost(observation, process.executable) !== null;
}

function orUnknown(list: string[]): string[] | undefined {
  return list.length === 0 ? undefined : list;
}
