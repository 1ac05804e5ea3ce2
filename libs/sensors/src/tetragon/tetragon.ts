import type {
  Activity,
  JsonObject,
  Observation,
  ObservedContainer,
  ObservedPod,
  ObservedProcess,
  RuntimeRecord,
} from '@tidewaiter/domain';

import { readImageName, withoutScheme } from '../image-names.js';
import { bool, isObject, list, number, object, text } from '../json.js';
import { auditUid, baseName, observationOf } from '../observation.js';
import { type Reason, readRecords, type Told } from '../read-records.js';
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
    reads: "Events of Tetragon's JSON export, one a line, in an array or alone.",
    tells: ['exec', 'exit', 'file', 'connect', 'accept', 'listen', 'send', 'load', 'privilege', 'health', 'other'],
    repetition: 'hash over the event',
    ignores: {},
    note: "`process_throttle` and `rate_limit_info` say what Tetragon left out: they are events of `health`, and counted. Hashes of executables come only with the policy `exec-hash`; outside Kubernetes a container's id is cut.",
  },
  read: (body, connection) => readRecords(tetragon, body, connection, tell),
  observe,
};

function* tell(event: JsonObject): Iterable<Told | Reason> {
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

/** `process_exec` and its like: the one member that says what the event is. */
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
  const told = object(event[kind]);
  if (isObject(told['process'])) {
    const process = told['process'];
    observation.process = readProcess(process, told['parent']);
    observation.container = readContainer(process);
    observation.pod = readPod(process['pod']);
  }
  if (observation.activity === 'health') observation.dropped = droppedBy(event);
  else if (kind !== 'process_exec' && kind !== 'process_exit') observeHook(observation, kind, told);
  return observation;
}

/** What hooks are about depends on the function, see {@link observeHook}. */
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
  const parent = isObject(parentValue) ? parentValue : null;
  const executable = text(process['binary']);
  const args = text(process['arguments']);
  const uid = number(process['uid']);
  const parentExecutable = parent === null ? null : text(parent['binary']);
  return {
    execId: text(process['exec_id']),
    parentExecId: text(process['parent_exec_id']),
    pid: number(process['pid']),
    parentPid: parent === null ? null : number(parent['pid']),
    executable,
    commandLine: commandLine(executable, args),
    arguments: args,
    name: baseName(executable),
    workingDirectory: text(process['cwd']),
    uid,
    user: uid === null ? null : uid === 0 ? 'root' : String(uid),
    auditUid: auditUid(number(process['auid'])),
    parentExecutable,
    parentCommandLine: parent === null ? null : commandLine(parentExecutable, text(parent['arguments'])),
    sha256: null,
    inInitTree: bool(process['in_init_tree']),
    fromUpperLayer: null,
    privilegesRaised: readPrivileges(process['binary_properties']),
  };
}

function commandLine(executable: string | null, args: string | null): string | null {
  if (executable === null || args === null) return executable ?? args;
  return `${executable} ${args}`;
}

function readPrivileges(properties: JsonObject[string] | undefined): boolean | null {
  if (!isObject(properties)) return null;
  return list(properties['privileges_changed']).length > 0;
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
