import { completed } from '@tidewaiter/collections';
import {
  type JsonObject,
  type JsonValue,
  type Observation,
  type RuntimeRecord,
  unknownProcess,
} from '@tidewaiter/domain';

import { readDigest, readImageName } from '../image-names.js';
import { isObject, list, number, object, text, texts } from '../json.js';
import { baseName, observationOf } from '../observation.js';
import { readPriority } from '../priority.js';
import { type Reason, recordSteps, type DocumentEvent } from '../read-records.js';
import type { Sensor } from '../sensor.js';
import { timeOfNanos, timeOfParts } from '../times.js';
import { readArguments, type TraceeArguments } from './arguments.js';
import { observeEvent } from './events.js';

/**
 * Tracee's events and detections as JSON, one a line: the earlier format (`timestamp`, `eventName`,
 * `args`) and that of its protobuf (`workload`, `data`).
 * @see https://aquasecurity.github.io/tracee/latest/docs/outputs/event-structure/
 */
export const tracee: Sensor = {
  source: 'tracee',
  aliases: [],
  title: 'Tracee',
  about: {
    reads: "Events and detections as JSON, one a line, in the formats before and since Tracee's protobuf.",
    reports: [
      'alert',
      'exec',
      'exit',
      'file',
      'connect',
      'accept',
      'listen',
      'send',
      'dns',
      'load',
      'privilege',
      'container',
      'health',
      'other',
    ],
    repetition: 'hash over the event',
    ignores: {},
    note: "A detection of a signature is an alert, and is evaluated as the exec, file, load or connection that it is about, too. `hostName` of a process in a pod is the pod's name: let the shipper add `nodeName`. 64-bit numbers keep all their digits.",
  },
  read: (body, connection) => completed(recordSteps(tracee, body, connection, readDocument)),
  steps: (body, connection) => recordSteps(tracee, body, connection, readDocument),
  observe,
};

function* readDocument(event: JsonObject): Iterable<DocumentEvent | Reason> {
  if (nameOf(event) === null || event['timestamp'] === undefined) return yield 'malformed';
  yield {
    id: null,
    at: timeOf(event['timestamp']),
    // A process in a container reports its pod's name as host name: shippers may add that of the
    // node.
    node: text(event['nodeName']) ?? text(event['node_name']) ?? text(event['hostName']),
    event,
    dropped: droppedBy(event),
  };
}

function nameOf(event: JsonObject): string | null {
  return text(event['eventName']) ?? (isObject(event['workload']) || 'data' in event ? text(event['name']) : null);
}

/** Nanoseconds, or protobuf's seconds and nanoseconds, or protobuf's own JSON: a text. */
function timeOf(value: JsonValue | undefined): string | null {
  return isObject(value) ? timeOfParts(number(value['seconds']), number(value['nanos']) ?? 0) : timeOfNanos(value);
}

/** `lost_events` and the like: number of events that Tracee lost on their way from the kernel. */
function droppedBy(event: JsonObject): number {
  if (nameOf(event) !== 'lost_events') return 0;
  const lost = readArguments(event);
  return number(lost.get('lost')) ?? number(lost.get('count')) ?? 1;
}

function observe(record: RuntimeRecord): Observation {
  const { event } = record;
  const observation = observationOf(record, 'other');
  const args = readArguments(event);
  if (nameOf(event) === 'lost_events') return { ...observation, activity: 'health', dropped: droppedBy(event) };
  const workload = isObject(event['workload']) ? event['workload'] : null;
  observation.process = workload === null ? readProcess(event) : readWorkloadProcess(object(workload['process']));
  observation.container = readContainer(object((workload ?? event)['container']), text(event['containerId']));
  observation.pod = workload === null ? readPod(object(event['kubernetes'])) : readK8s(object(workload['k8s']));
  observation.alert = readDetection(event, args);
  if (observation.alert === null) observeEvent(observation, nameOf(event) ?? '', args);
  else observeDetection(observation, event, args);
  return observation;
}

/** Activities as which a detection is evaluated, too: those of events that rules look at alone. */
const detectable: ReadonlySet<Observation['activity']> = new Set(['exec', 'file', 'load', 'connect']);

/**
 * Adds the event that a detection is about: where Tracee sends detections alone, it is reported
 * nowhere else. `triggeredBy` names it in the earlier format, `detected_from` in the protobuf's.
 */
function observeDetection(observation: Observation, event: JsonObject, args: TraceeArguments): void {
  observeEvent(observation, nameOf(event) ?? '', args);
  const trigger = object(args.get('triggeredBy') ?? event['detected_from']);
  const name = text(trigger['name']);
  if (observation.activity === 'other' && name !== null) observeEvent(observation, name, readArguments(trigger));
  if (!detectable.has(observation.activity)) observation.activity = 'alert';
}

function readProcess(event: JsonObject): Observation['process'] {
  const process = unknownProcess();
  const uid = number(event['userId']);
  const executable = text(object(event['executable'])['path']);
  process.execId = entity(event['processEntityId']);
  process.parentExecId = entity(event['parentEntityId']);
  process.pid = number(event['hostProcessId']) ?? number(event['processId']);
  process.parentPid = number(event['hostParentProcessId']) ?? number(event['parentProcessId']);
  process.executable = executable;
  process.name = text(event['processName']) ?? baseName(executable);
  process.uid = uid;
  process.user = userOf(uid);
  return process;
}

function readWorkloadProcess(workload: JsonObject): Observation['process'] {
  const process = unknownProcess();
  const thread = object(workload['thread']);
  const parent = object(list(workload['ancestors'])[0]);
  const uid = number(object(object(workload['real_user'])['id'])['value']);
  const executable = text(object(workload['executable'])['path']);
  process.execId = entity(workload['unique_id']) ?? entity(thread['unique_id']);
  process.parentExecId = entity(parent['unique_id']);
  process.pid = wrapped(workload['host_pid']) ?? wrapped(workload['pid']);
  process.parentPid = wrapped(parent['host_pid']) ?? wrapped(parent['pid']);
  process.executable = executable;
  process.name = text(thread['name']) ?? baseName(executable);
  process.parentExecutable = text(object(parent['executable'])['path']);
  process.uid = uid;
  process.user = userOf(uid);
  return process;
}

/** Protobuf's wrapped numbers come as `{ value }` or bare. */
function wrapped(value: JsonValue | undefined): number | null {
  return number(isObject(value) ? value['value'] : value);
}

function entity(value: JsonValue | undefined): string | null {
  const id = isObject(value) ? value['value'] : value;
  return typeof id === 'number' && id !== 0 ? String(id) : text(id);
}

function userOf(uid: number | null): string | null {
  return uid === null ? null : uid === 0 ? 'root' : String(uid);
}

function readContainer(container: JsonObject, ownId: string | null): Observation['container'] {
  const id = text(container['id']) ?? ownId;
  if (id === null) return null;
  const image = container['image'];
  const name = readImageName(text(image) ?? text(object(image)['name']));
  const digests = [container['imageDigest'], object(image)['digest'], ...texts(object(image)['repo_digests'])];
  const digest = digests
    .map((each) => readDigest(each) ?? readImageName(text(each)).digest)
    .find((each) => each !== null);
  return {
    id,
    name: text(container['name']),
    imageRepository: name.repository,
    imageTag: name.tag,
    imageDigest: digest ?? name.digest,
    startedAt: null,
  };
}

function readPod(kubernetes: JsonObject): Observation['pod'] {
  return podOf(text(kubernetes['podNamespace']), text(kubernetes['podName']), text(kubernetes['podUID']));
}

function readK8s(k8s: JsonObject): Observation['pod'] {
  const pod = object(k8s['pod']);
  return podOf(text(object(k8s['namespace'])['name']), text(pod['name']), text(pod['uid']));
}

function podOf(namespace: string | null, name: string | null, uid: string | null): Observation['pod'] {
  if (namespace === null && name === null) return null;
  return { namespace, name, uid, workloadKind: null, workload: null, serviceAccount: null };
}

const oldSeverities = ['informational', 'notice', 'warning', 'critical'] as const;

/** Detection of a signature: `metadata` in the earlier format, `threat` in the protobuf's. */
function readDetection(event: JsonObject, args: TraceeArguments): Observation['alert'] {
  const threat = object(event['threat']);
  const properties = object(object(event['metadata'])['Properties']);
  const signature = text(properties['signatureName']) ?? text(properties['signatureID']) ?? text(threat['name']);
  if (signature === null && !isObject(event['threat'])) return null;
  const mitre = object(threat['mitre']);
  const technique = text(properties['external_id']) ?? text(object(mitre['technique'])['id']);
  const tactic = text(properties['Category']) ?? text(object(mitre['tactic'])['name']);
  const severity = properties['Severity'];
  return {
    rule: signature ?? nameOf(event) ?? '',
    priority:
      typeof severity === 'number'
        ? (oldSeverities[severity] ?? 'warning')
        : readPriority(severity ?? threat['severity']),
    output:
      text(object(event['metadata'])['Description']) ?? text(threat['description']) ?? text(args.get('message')) ?? '',
    tags: [technique, tactic].filter((tag) => tag !== null),
  };
}
