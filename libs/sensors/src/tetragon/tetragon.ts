import { completed } from '@tidewaiter/collections';
import type {
  Activity,
  JsonObject,
  JsonValue,
  Observation,
  ObservedContainer,
  ObservedPod,
  ObservedProcess,
  RuntimeRecord,
} from '@tidewaiter/domain';

import { readImageName, withoutScheme } from '../image-names.js';
import { sameText, InternCache } from '../intern-cache.js';
import { bool, isObject, list, nothing, number, object, text } from '../json.js';
import { auditUid, baseName, observationOf } from '../observation.js';
import { type Reason, recordSteps, type DocumentEvent } from '../read-records.js';
import type { Sensor } from '../sensor.js';
import { readTime } from '../times.js';
import { observeHook } from './hooks.js';

/**
 * Tetragon's JSON export, one event a line.
 * @see https://tetragon.io/docs/reference/grpc-api/#geteventsresponse
 */
export const tetragon: Sensor = {
  source: 'tetragon',
  aliases: [],
  title: 'Tetragon',
  about: {
    reads: "Events of Tetragon's JSON export, one a line, in an array or single.",
    reports: ['exec', 'exit', 'file', 'connect', 'accept', 'listen', 'send', 'load', 'privilege', 'health', 'other'],
    repetition: 'hash over the event',
    ignores: {},
    note: "`process_throttle` and `rate_limit_info` report events that Tetragon left out. They are events of `health`, and counted. Hashes of executables need the policy `exec-hash`. Outside Kubernetes a container's id is truncated.",
  },
  read: (body, connection) => completed(recordSteps(tetragon, body, connection, readDocument)),
  steps: (body, connection) => recordSteps(tetragon, body, connection, readDocument),
  observe,
};

function* readDocument(event: JsonObject): Iterable<DocumentEvent | Reason> {
  const kind = kindOf(event);
  if (kind === null) return yield 'malformed';
  yield {
    id: null,
    at: readTime(event['time']) ?? readTime(object(object(event[kind])['process'])['start_time']),
    node: text(event['node_name']),
    cluster: text(event['cluster_name']),
    event,
    dropped: droppedBy(event),
  };
}

/** Member that names the kind of the event: `process_exec` and the like. */
function kindOf(event: JsonObject): string | null {
  for (const name in event) {
    if ((name.startsWith('process_') || name === 'rate_limit_info') && isObject(event[name])) return name;
  }
  return null;
}

function observe(record: RuntimeRecord): Observation {
  const { event } = record;
  const kind = kindOf(event);
  const observation = observationOf(record, kind === null ? 'other' : (activities[kind] ?? 'other'));
  if (kind === null) return observation;
  const data = object(event[kind]);
  if (isObject(data['process'])) {
    const process = data['process'];
    observation.process = readProcess(process, data['parent']);
    const { container, pod } = placeOf(process);
    observation.container = container;
    observation.pod = pod;
  }
  if (observation.activity === 'health') observation.dropped = droppedBy(event);
  else if (kind !== 'process_exec' && kind !== 'process_exit') observeHook(observation, kind, data);
  return observation;
}

/** Activities by kind; those of hooks depend on the function, see {@link observeHook}. */
const activities: Readonly<Record<string, Activity>> = {
  process_exec: 'exec',
  process_exit: 'exit',
  process_throttle: 'health',
  rate_limit_info: 'health',
};

function droppedBy(event: JsonObject): number {
  const count = number(object(event['rate_limit_info'])['number_of_dropped_process_events']);
  return count !== null && count > 0 ? count : 0;
}

function readProcess(process: JsonObject, parentValue: unknown): ObservedProcess {
  const executable = sameText(text(process['binary']));
  const args = text(process['arguments']);
  const uid = number(process['uid']);
  const parentExecId = text(process['parent_exec_id']);
  const parent = isObject(parentValue) ? parentOf(parentValue, parentExecId) : unknownParent;
  return {
    execId: text(process['exec_id']),
    parentExecId: parent.execId ?? parentExecId,
    pid: number(process['pid']),
    parentPid: parent.pid,
    executable,
    commandLine: commandLine(executable, args),
    arguments: args,
    name: baseName(executable),
    workingDirectory: sameText(text(process['cwd'])),
    uid,
    user: uid === null ? null : uid === 0 ? 'root' : String(uid),
    auditUid: auditUid(number(process['auid'])),
    parentExecutable: parent.executable,
    parentCommandLine: parent.commandLine,
    sha256: null,
    inInitTree: bool(process['in_init_tree']),
    fromUpperLayer: null,
    privilegesRaised: readPrivileges(process['binary_properties']),
  };
}

interface Parent {
  execId: string | null;
  pid: number | null;
  executable: string | null;
  arguments: string | null;
  commandLine: string | null;
}

const unknownParent: Parent = { execId: null, pid: null, executable: null, arguments: null, commandLine: null };
const parents = new InternCache<Parent>();

/** `execId` as the child reports it, which is the key of parents. */
function parentOf(parent: JsonObject, execId: string | null): Parent {
  const pid = number(parent['pid']);
  const [executable, args] = [text(parent['binary']), text(parent['arguments'])];
  const before = execId === null ? undefined : parents.get(execId);
  if (before?.pid === pid && before.executable === executable && before.arguments === args) return before;
  const made = { execId, pid, executable, arguments: args, commandLine: commandLine(executable, args) };
  if (execId !== null) parents.set(execId, made, made.commandLine?.length ?? 0);
  return made;
}

function commandLine(executable: string | null, args: string | null): string | null {
  if (executable === null || args === null) return executable ?? args;
  return `${executable} ${args}`;
}

function readPrivileges(properties: JsonObject[string] | undefined): boolean | null {
  if (!isObject(properties)) return null;
  return list(properties['privileges_changed']).length > 0;
}

type Place = Pick<Observation, 'container' | 'pod'>;

/**
 * All input of a place, as the sensor reported it: not the objects that hold it, whose labels and
 * other members would stay in memory with them.
 */
type PlaceWords = readonly (JsonValue | undefined)[];

const places = new InternCache<{ words: PlaceWords; place: Place }>();

/** The container and the pod of a process. */
function placeOf(process: JsonObject): Place {
  const words = wordsOfPlace(process);
  const id = text(words[0]) ?? text(process['docker']);
  const before = id === null ? undefined : places.get(id);
  if (before !== undefined && before.words.every((word, index) => word === words[index])) return before.place;
  const place = { container: readContainer(process), pod: readPod(process['pod']) };
  const chars = words.reduce<number>((sum, word) => sum + (typeof word === 'string' ? word.length : 0), 0);
  // Other values are none that a sensor sends, and could be large.
  if (id !== null && words.every(isFlat)) places.set(id, { words, place }, chars);
  return place;
}

function isFlat(value: JsonValue | undefined): boolean {
  return typeof value !== 'object' || value === null;
}

function wordsOfPlace(process: JsonObject): PlaceWords {
  const pod = object(process['pod']);
  const container = object(pod['container']);
  const image = object(container['image']);
  return [
    container['id'],
    process['docker'],
    container['name'],
    container['start_time'],
    image['name'],
    image['id'],
    pod['name'],
    pod['namespace'],
    pod['uid'],
    pod['workload'],
    pod['workload_kind'],
    pod === nothing,
  ];
}

function readContainer(process: JsonObject): ObservedContainer | null {
  const container = object(object(process['pod'])['container']);
  // `docker` is the id too, cut to 24 or 31 characters; it is all there is outside Kubernetes.
  const id = withoutScheme(text(container['id'])) ?? text(process['docker']);
  if (id === null) return null;
  const image = object(container['image']);
  const named = readImageName(text(image['name']));
  return {
    id,
    name: text(container['name']),
    imageRepository: named.repository,
    imageTag: named.tag,
    imageDigest: readImageName(text(image['id'])).digest ?? named.digest,
    startedAt: text(container['start_time']),
  };
}

function readPod(value: JsonObject[string] | undefined): ObservedPod | null {
  if (!isObject(value)) return null;
  return {
    namespace: text(value['namespace']),
    name: text(value['name']),
    uid: text(value['uid']),
    workloadKind: text(value['workload_kind']),
    workload: text(value['workload']),
    serviceAccount: null,
  };
}
