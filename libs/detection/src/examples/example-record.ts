import { createHash } from 'node:crypto';

import type { JsonObject, JsonValue, RuntimeRecord, RuntimeSource } from '@tidewaiter/domain';
import { sensorOf } from '@tidewaiter/sensors';

import { type ExampleEvent, invalid, isObject } from './example.js';

const container = 'c0ffee0123456789c0ffee0123456789c0ffee0123456789c0ffee0123456789';

/**
 * Creates the record that the sensor would send.
 * @throws InvalidInput `EXAMPLE_INVALID` when the sensor cannot read it
 */
export function recordOf(event: ExampleEvent, index: number, at: string): RuntimeRecord {
  const { source, body } = makers[event.kind]!({ event, index, at });
  const connection = { sensor: 'example', cluster: 'example', receivedAt: at, fingerprintKey: Buffer.alloc(32) };
  const [record] = sensorOf(source)!.read(Buffer.from(JSON.stringify(body)), connection).records;
  if (record === undefined) throw invalid(`${source} does not read the example`);
  return { ...record, id: `example-${index}`, at };
}

interface ExampleContext {
  event: ExampleEvent;
  index: number;
  at: string;
}

type Maker = (making: ExampleContext) => { source: RuntimeSource; body: JsonObject };

const makers: Readonly<Record<string, Maker>> = {
  exec: (making) => tetragon(making, 'process_exec', {}, making.event.about),
  exit: (making) => tetragon(making, 'process_exit', {}, making.event.about),
  read: (making) => touched(making, 4),
  write: (making) => touched(making, 2),
  map: (making) =>
    hooked(making, 'security_mmap_file', [{ file_arg: { path: text(making.event.about) } }, { int_arg: 5 }]),
  connect: (making) => hooked(making, 'tcp_connect', [socket(making.event)]),
  send: (making) => {
    const { udp = false, bytes = 100 } = making.event.members;
    return hooked(making, udp === true ? 'udp_sendmsg' : 'tcp_sendmsg', [socket(making.event), { size_arg: bytes }]);
  },
  listen: (making) =>
    hooked(making, 'inet_csk_listen_start', [{ sock_arg: { saddr: '0.0.0.0', sport: Number(making.event.about) } }]),
  hook: (making) => {
    const { strings = [], path } = making.event.members;
    const paths = path === undefined ? [] : [{ path_arg: { path } }];
    const texts = Array.isArray(strings) ? strings.map((string_arg) => ({ string_arg })) : [];
    return hooked(making, text(making.event.about), [...paths, ...texts]);
  },
  dns: traceeQuery,
  falco: falcoAlert,
  tracee: traceeDetection,
  guardduty: guarddutyFinding,
  kubernetes: auditEvent,
  cloudtrail: cloudtrailEvent,
};

function touched(making: ExampleContext, access: number) {
  return hooked(making, 'security_file_permission', [
    { file_arg: { path: text(making.event.about) } },
    { int_arg: access },
  ]);
}

function hooked(making: ExampleContext, function_name: string, args: JsonValue[]) {
  return tetragon(making, 'process_kprobe', { function_name, args }, making.event.members['by'] ?? '/app/server');
}

function socket({ about, members }: ExampleEvent): JsonObject {
  const [, daddr = '', dport = ''] = /^\[?(.+?)\]?:(\d+)$/.exec(text(about)) ?? [];
  const protocol = members['udp'] === true ? 'IPPROTO_UDP' : 'IPPROTO_TCP';
  return { sock_arg: { family: 'AF_INET', protocol, saddr: '10.42.0.17', sport: 40_000, daddr, dport: Number(dport) } };
}

/** Creates an event of a process in a pod, or with `host: true` on its node. */
function tetragon(
  { event: { members }, index, at }: ExampleContext,
  kind: string,
  details: JsonObject,
  command: JsonValue,
) {
  const { parent = '/usr/bin/containerd-shim-runc-v2', cwd = '/', uid = 0, init = true, host, raised } = members;
  const inPod: JsonObject =
    host === true
      ? {}
      : {
          pod: { namespace: 'shop', name: 'app-0', container: { id: `containerd://${container}` } },
          docker: container.slice(0, 31),
          in_init_tree: init,
        };
  const process: JsonObject = {
    exec_id: `process-${text(command)}-${kind === 'process_exec' ? index : 0}`,
    // The same for all that one process does.
    pid:
      kind === 'process_exec' ? 20_000 + index : 1000 + (createHash('sha256').update(text(command)).digest()[0] ?? 0),
    uid,
    cwd,
    ...commandOf(text(command)),
    auid: 4_294_967_295,
    start_time: at,
    ...inPod,
    ...(raised === true && {
      binary_properties: { setuid: 0, privileges_changed: ['PRIVILEGES_RAISED_EXEC_FILE_SETUID'] },
    }),
  };
  const parentProcess = { exec_id: `parent-${text(parent)}`, pid: 1, uid: 0, ...commandOf(text(parent)) };
  const body = { [kind]: { process, parent: parentProcess, ...details }, node_name: 'node-1', time: at };
  return { source: 'tetragon' as const, body };
}

/** Splits a command; the kernel marks an executable whose file was deleted. */
function commandOf(command: string): { binary: string; arguments: string } {
  const [binary = '', ...rest] = command.split(' ');
  if (rest[0] === '(deleted)') return { binary: `${binary} (deleted)`, arguments: rest.slice(1).join(' ') };
  return { binary, arguments: rest.join(' ') };
}

function falcoAlert({ event: { about, members }, at }: ExampleContext) {
  const fields = isObject(members['fields']) ? members['fields'] : {};
  const body = {
    rule: about,
    priority: 'Warning',
    output: `${text(about)} (example)`,
    time: at,
    hostname: 'node-1',
    source: 'syscall',
    tags: ['container'],
    output_fields: {
      'container.id': container.slice(0, 12),
      'k8s.ns.name': 'shop',
      'k8s.pod.name': 'app-0',
      ...fields,
    },
  };
  return { source: 'falco' as const, body };
}

function traceeEvent(
  { at, event: { members } }: ExampleContext,
  eventName: string,
  args: JsonValue[],
  more: JsonObject,
) {
  const [binary = '/app/server'] = text(members['by'] ?? '/app/server').split(' ');
  const body = {
    timestamp: Date.parse(at) * 1_000_000,
    eventName,
    args,
    processName: binary.slice(binary.lastIndexOf('/') + 1),
    executable: { path: binary },
    hostProcessId: 1000,
    userId: 0,
    container: { id: container },
    kubernetes: { podNamespace: 'shop', podName: 'app-0' },
    nodeName: 'node-1',
    ...more,
  };
  return { source: 'tracee' as const, body };
}

function traceeQuery(making: ExampleContext) {
  const questions = [{ query: making.event.about, query_type: 'A', query_class: 'IN' }];
  return traceeEvent(
    making,
    'net_packet_dns_request',
    [{ name: 'dns_questions', type: 'trace.DnsQueryData', value: questions }],
    {},
  );
}

function traceeDetection(making: ExampleContext) {
  const name = text(making.event.about);
  const metadata = { Version: '1', Description: `${name} (example)`, Properties: { Severity: 3, signatureName: name } };
  return traceeEvent(making, name, [], { metadata });
}

function guarddutyFinding({ event: { about }, at }: ExampleContext) {
  const body = {
    id: `finding-${text(about)}`,
    type: about,
    title: 'Example',
    severity: 8,
    updatedAt: at,
    resource: { eksClusterDetails: { name: 'example' } },
    service: { eventLastSeen: at },
  };
  return { source: 'guardduty' as const, body };
}

function auditEvent({ event: { about }, index, at }: ExampleContext) {
  const request = isObject(about) ? about : {};
  const {
    verb = 'get',
    resource = '',
    group,
    namespace,
    name,
    user = 'dev@example.com',
    groups = ['system:authenticated'],
  } = request;
  const { from = '10.9.0.4', agent = 'kubectl/v1.31.0', code = 200, uri, object, raw } = request;
  const [kind = '', subresource] = text(resource).split('/');
  const body = {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    auditID: `00000000-0000-0000-0000-${String(index).padStart(12, '0')}`,
    stage: 'ResponseComplete',
    requestURI: uri ?? `/api/v1/${kind}`,
    verb,
    user: { username: user, groups },
    sourceIPs: [from],
    userAgent: agent,
    objectRef: { resource: kind, ...present({ subresource, apiGroup: group, namespace, name }) },
    responseStatus: { metadata: {}, code },
    requestReceivedTimestamp: at,
    stageTimestamp: at,
    ...present({ requestObject: object }),
    ...(isObject(raw) && raw),
  };
  return { source: 'kubernetes-audit' as const, body };
}

function cloudtrailEvent({ event: { about }, index, at }: ExampleContext) {
  const body = {
    eventVersion: '1.10',
    eventTime: at,
    eventID: `example-${index}`,
    eventSource: 'iam.amazonaws.com',
    eventName: 'GetUser',
    sourceIPAddress: '198.51.100.77',
    userAgent: 'aws-cli/2',
    userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::1:user/dev', userName: 'dev', accessKeyId: 'AKIAEXAMPLE' },
    requestParameters: null,
    responseElements: null,
    ...(isObject(about) && about),
  };
  return { source: 'cloudtrail' as const, body };
}

function present(members: Record<string, JsonValue | undefined>): JsonObject {
  return Object.fromEntries(
    Object.entries(members).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined),
  );
}

function text(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
