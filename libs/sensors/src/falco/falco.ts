import { completed } from '@tidewaiter/collections';
import {
  isDigest,
  type JsonObject,
  type Observation,
  type RuntimeRecord,
  unknownNetwork,
  unknownProcess,
} from '@tidewaiter/domain';

import { readHostname } from '../domains.js';
import { isObject, number, object, text, texts } from '../json.js';
import { auditUid, baseName, observationOf } from '../observation.js';
import { readPriority } from '../priority.js';
import { hashOf, type Reason, recordSteps, type DocumentEvent } from '../read-records.js';
import type { Sensor } from '../sensor.js';
import { readTime, timeOfNanos } from '../times.js';

/**
 * Falco's JSON alerts: one object (`http_output`, falcosidekick), an array, or one a line (log
 * shippers).
 * @see https://falco.org/docs/concepts/outputs/channels/#http-https-output
 */
export const falco: Sensor = {
  source: 'falco',
  aliases: [],
  title: 'Falco',
  about: {
    reads: 'Alerts as JSON (`json_output: true`): one (`http_output`, falcosidekick), an array, or one a line.',
    reports: ['alert', 'exec', 'file', 'connect', 'accept', 'container', 'health'],
    repetition: 'hash over rule, time, host, output and fields; falcosidekick may pass it on',
    ignores: { internal: 'messages of Falco about itself, except losses', test: "falcosidekick's test" },
    note: 'Falco sends only matches of its own rules. Matches of our feed rules (tag `tidewaiter_feed`) become events, all others an alert, which is evaluated as the event that it is about, too. Falco sends no hashes. Plain text is refused.',
  },
  read: (body, connection) => completed(recordSteps(falco, body, connection, readDocument)),
  steps: (body, connection) => recordSteps(falco, body, connection, readDocument),
  observe,
};

const dropRule = 'Falco internal: syscall event drop';

function* readDocument(alert: JsonObject): Iterable<DocumentEvent | Reason> {
  const rule = text(alert['rule']);
  if (rule === null) return yield 'malformed';
  // falcosidekick's POST /test.
  if (rule === 'Test rule') return yield 'test';
  if (rule.startsWith('Falco internal: ') && rule !== dropRule) return yield 'internal';
  const fields = object(alert['output_fields']);
  yield {
    id: idOf,
    at: readTime(alert['time']) ?? timeOfNanos(fields['evt.time']) ?? timeOfNanos(fields['evt.time.iso8601']),
    node: known(alert['hostname']) ?? known(fields['evt.hostname']),
    event: alert,
    dropped: rule === dropRule ? droppedBy(fields) : 0,
  };
}

/**
 * falcosidekick makes a new `uuid` each time it passes the alert on, and reorders the fields:
 * neither identifies a repetition.
 */
function idOf(alert: JsonObject): string {
  const fields = alert['output_fields'];
  const sorted = isObject(fields) ? Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1)) : null;
  const { rule = null, time = null, hostname = null, output = null } = alert;
  return hashOf(JSON.stringify([rule, time, hostname, output, sorted]));
}

/** A drop message without a readable number still reports at least one lost event. */
function droppedBy(fields: JsonObject): number {
  const count = number(fields['n_drops']);
  return count !== null && Number.isSafeInteger(count) && count > 0 ? count : 1;
}

function observe(record: RuntimeRecord): Observation {
  const alert = record.event;
  const fields = object(alert['output_fields']);
  const rule = text(alert['rule']) ?? '';
  const observation = observationOf(record, 'alert');
  if (rule === dropRule) return { ...observation, activity: 'health', dropped: droppedBy(fields) };
  observation.process = readProcess(fields);
  observation.container = readContainer(fields);
  observation.pod = readPod(fields);
  observation.network = readNetwork(fields);
  observation.file = readFile(fields);
  const tags = texts(alert['tags']);
  // An alert is about an event, too: without the feed, its only report.
  const activity = activities[known(fields['evt.type']) ?? ''];
  if (tags.includes(feedTag)) {
    observation.activity = activity ?? 'other';
  } else {
    observation.activity = activity ?? 'alert';
    observation.alert = { rule, priority: readPriority(alert['priority']), output: text(alert['output']) ?? '', tags };
    observation.request = readRequest(fields);
  }
  return observation;
}

/** Tag of the rules in `deploy/sensors/falco`, which report events without evaluating them. */
const feedTag = 'tidewaiter_feed';

const activities: Readonly<Record<string, Observation['activity']>> = Object.freeze(
  Object.assign(Object.create(null) as Record<string, Observation['activity']>, {
    execve: 'exec',
    execveat: 'exec',
    procexit: 'exit',
    open: 'file',
    openat: 'file',
    openat2: 'file',
    open_by_handle_at: 'file',
    creat: 'file',
    unlink: 'file',
    unlinkat: 'file',
    rename: 'file',
    renameat: 'file',
    renameat2: 'file',
    chmod: 'file',
    fchmodat: 'file',
    connect: 'connect',
    accept: 'accept',
    accept4: 'accept',
    listen: 'listen',
    container: 'container',
    setns: 'privilege',
    setuid: 'privilege',
  } satisfies Record<string, Observation['activity']>),
);

/** Value of a field, null where Falco writes `<NA>` for an unknown one. */
function known(value: JsonObject[string] | undefined): string | null {
  return value === '<NA>' ? null : text(value);
}

function readProcess(fields: JsonObject): Observation['process'] {
  const user = known(fields['user.name']) ?? known(fields['ka.user.name']) ?? known(fields['ct.user']);
  const commandLine = known(fields['proc.cmdline']);
  const executable = known(fields['proc.exepath']);
  const name = known(fields['proc.name']);
  if (user === null && commandLine === null && executable === null && name === null) return null;
  const process = unknownProcess();
  const uid = number(fields['user.uid']);
  process.pid = number(fields['proc.pid']);
  process.parentPid = number(fields['proc.ppid']);
  process.executable = executable;
  process.commandLine = commandLine;
  process.arguments = known(fields['proc.args']) ?? withoutFirstWord(commandLine);
  process.name = name ?? baseName(executable);
  process.workingDirectory = known(fields['proc.cwd']);
  process.uid = uid;
  process.user = user ?? (uid === null ? null : uid === 0 ? 'root' : String(uid));
  process.auditUid = auditUid(number(fields['user.loginuid']));
  process.parentExecutable = known(fields['proc.pexepath']) ?? known(fields['proc.pname']);
  process.parentCommandLine = known(fields['proc.pcmdline']);
  process.fromUpperLayer = readFlag(fields['proc.is_exe_upper_layer']);
  return process;
}

function withoutFirstWord(commandLine: string | null): string | null {
  const space = commandLine?.indexOf(' ') ?? -1;
  return commandLine === null || space === -1 ? null : commandLine.slice(space + 1);
}

/** JSON's boolean, or its text, which falcosidekick's templates produce. */
function readFlag(value: JsonObject[string] | undefined): boolean | null {
  if (typeof value === 'boolean') return value;
  return value === 'true' ? true : value === 'false' ? false : null;
}

function readContainer(fields: JsonObject): Observation['container'] {
  const id = known(fields['container.id']);
  if (id === null || id === 'host') return null;
  const digest = fields['container.image.digest'];
  return {
    id,
    name: known(fields['container.name']),
    imageRepository: known(fields['container.image.repository']),
    imageTag: known(fields['container.image.tag']),
    imageDigest: isDigest(digest) ? digest : null,
    startedAt: timeOfNanos(fields['container.start_ts']),
  };
}

/**
 * From the syscall source, or (`ka.`) from the Kubernetes audit log, whose target may be anything
 * but a pod.
 */
function readPod(fields: JsonObject): Observation['pod'] {
  const auditedPod = fields['ka.target.resource'] === 'pods';
  const namespace = known(fields['k8s.ns.name']) ?? known(fields['ka.target.namespace']);
  const auditedName = known(fields['ka.target.name']) ?? known(fields['ka.resp.name']);
  const name = known(fields['k8s.pod.name']) ?? (auditedPod ? auditedName : null);
  if (namespace === null && name === null) return null;
  return {
    namespace,
    name,
    uid: known(fields['k8s.pod.uid']),
    workloadKind: null,
    workload: null,
    serviceAccount: null,
  };
}

function readNetwork(fields: JsonObject): Observation['network'] {
  const destinationIp = known(fields['fd.rip']) ?? known(fields['fd.sip']);
  const ends = endsOf(known(fields['fd.name']));
  if (destinationIp === null && ends === null) return null;
  const network = unknownNetwork();
  network.protocol = known(fields['fd.l4proto']);
  network.sourceIp = known(fields['fd.lip']) ?? known(fields['fd.cip']) ?? ends?.source.ip ?? null;
  network.sourcePort = number(fields['fd.lport']) ?? number(fields['fd.cport']) ?? ends?.source.port ?? null;
  network.destinationIp = destinationIp ?? ends?.destination.ip ?? null;
  network.destinationPort = number(fields['fd.rport']) ?? number(fields['fd.sport']) ?? ends?.destination.port ?? null;
  network.hostname = readHostname(known(fields['fd.rip.name']) ?? known(fields['fd.sip.name']));
  return network;
}

const connectionName = /^([0-9a-fA-F.:]{2,45}):(\d{1,5})->([0-9a-fA-F.:]{2,45}):(\d{1,5})$/;

/** `10.0.0.1:4000->192.0.2.1:443`, as Falco names a connection. */
function endsOf(name: string | null) {
  const match = name === null || name.length > 120 ? null : connectionName.exec(name);
  if (match === null) return null;
  const [, sourceIp = '', sourcePort, destinationIp = '', destinationPort] = match;
  return {
    source: { ip: sourceIp, port: Number(sourcePort) },
    destination: { ip: destinationIp, port: Number(destinationPort) },
  };
}

const accessByCall: ReadonlyMap<string, NonNullable<Observation['file']>['access']> = new Map([
  ['unlink', 'delete'],
  ['unlinkat', 'delete'],
  ['rename', 'rename'],
  ['renameat', 'rename'],
  ['renameat2', 'rename'],
  ['link', 'link'],
  ['linkat', 'link'],
  ['symlink', 'link'],
  ['symlinkat', 'link'],
  ['chmod', 'mode'],
  ['fchmodat', 'mode'],
  ['creat', 'write'],
]);

function readFile(fields: JsonObject): Observation['file'] {
  const path = known(fields['fs.path.name']) ?? known(fields['fs.path.source']) ?? known(fields['fd.name']);
  if (path === null || !path.startsWith('/')) return null;
  const byCall = accessByCall.get(known(fields['evt.type']) ?? '');
  const access = byCall ?? (readFlag(fields['evt.is_open_write']) === true ? 'write' : 'read');
  return { path, access, to: known(fields['fs.path.target']) };
}

/**
 * Alerts about the audit logs of Kubernetes (`ka.`), AWS (`ct.`) and Google Cloud (`gcp.`), by the
 * plugins of Falco.
 */
function readRequest(fields: JsonObject): Observation['request'] {
  const verb = known(fields['ka.verb']) ?? known(fields['ct.name']) ?? known(fields['gcp.methodName']);
  const user = known(fields['ka.user.name']) ?? known(fields['ct.user']) ?? known(fields['gcp.user']);
  if (verb === null && user === null) return null;
  const sourceIp = known(fields['ka.sourceips']) ?? known(fields['ct.srcip']) ?? known(fields['gcp.callerIP']);
  const status = number(fields['ka.response.code']);
  const subresource = known(fields['ka.target.subresource']);
  const resource = known(fields['ka.target.resource']) ?? known(fields['ct.src']) ?? known(fields['gcp.serviceName']);
  const isRefused =
    known(fields['ct.error']) !== null || /"granted":false/.test(text(fields['gcp.authorizationInfo']) ?? '');
  return {
    user,
    groups: [],
    accessKeyId: null,
    sourceIps: sourceIp === null ? [] : [sourceIp],
    userAgent: known(fields['ka.useragent']) ?? known(fields['ct.useragent']) ?? known(fields['gcp.userAgent']),
    verb,
    resource: resource !== null && subresource !== null ? `${resource}/${subresource}` : resource,
    namespace: known(fields['ka.target.namespace']),
    name: known(fields['ka.target.name']),
    status,
    succeeded: status === null ? !isRefused : status < 400,
  };
}
