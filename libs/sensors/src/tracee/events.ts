import { type Activity, type Observation, type ObservedNetwork, unknownNetwork } from '@tidewaiter/domain';

import { readHostname } from '../domains.js';
import { isObject, list, number, object, text, texts } from '../json.js';
import { baseName } from '../observation.js';
import type { TraceeArguments } from './arguments.js';

type Observe = (observation: Observation, args: TraceeArguments) => void;

/** Observers of Tracee's events, by name; others have the activity `other`. */
const events: ReadonlyMap<string, Observe> = new Map<string, Observe>([
  ['sched_process_exec', exec],
  ['execve', exec],
  ['execveat', exec],
  ['sched_process_exit', become('exit')],
  ['security_file_open', file('read')],
  ['openat', file('read')],
  ['open', file('read')],
  ['vfs_read', file('read')],
  ['vfs_write', file('write')],
  ['magic_write', file('write')],
  ['dropped_executable', file('write')],
  ['security_inode_unlink', file('delete')],
  ['security_inode_rename', file('rename')],
  ['security_inode_symlink', file('link')],
  ['shared_object_loaded', load],
  ['security_socket_connect', connection('connect')],
  ['net_tcp_connect', connection('connect')],
  ['k8s_api_connection', connection('connect')],
  ['security_socket_accept', connection('accept')],
  ['security_socket_listen', connection('listen')],
  ['net_packet_tcp', packet('send')],
  ['net_packet_udp', packet('send')],
  ['net_packet_dns', dns],
  ['net_packet_dns_request', dns],
  ['net_packet_dns_response', dns],
  ['commit_creds', become('privilege')],
  ['switch_task_ns', become('privilege')],
  ['cap_capable', become('privilege')],
  ['container_create', become('container')],
  ['container_remove', become('container')],
  ['existing_container', become('container')],
]);

/** Adds an event's data beside its process. */
export function observeEvent(observation: Observation, name: string, args: TraceeArguments): void {
  events.get(name)?.(observation, args);
}

function become(activity: Activity): Observe {
  return (observation) => {
    observation.activity = activity;
  };
}

/** The event's process is still the previous one; the new one is in the arguments. */
function exec(observation: Observation, args: TraceeArguments): void {
  const { process } = observation;
  observation.activity = 'exec';
  if (process === null) return;
  const argv = texts(args.get('argv'));
  process.executable = text(args.get('cmdpath')) ?? text(args.get('pathname')) ?? process.executable;
  process.name = baseName(process.executable);
  process.commandLine = argv.length > 0 ? argv.join(' ') : process.executable;
  process.arguments = argv.length > 1 ? argv.slice(1).join(' ') : null;
  process.sha256 = sha256(text(args.get('sha256')));
}

function sha256(hash: string | null): string | null {
  return hash !== null && /^[0-9a-f]{64}$/.test(hash) ? hash : null;
}

function pathOf(args: TraceeArguments): string | null {
  return (
    text(args.get('pathname')) ?? text(args.get('file_path')) ?? text(args.get('path')) ?? text(args.get('old_path'))
  );
}

function file(access: NonNullable<Observation['file']>['access']): Observe {
  return (observation, args) => {
    const path = pathOf(args);
    if (path === null) return;
    observation.activity = 'file';
    const opened = access === 'read' && opensToWrite(text(args.get('flags'))) ? 'write' : access;
    observation.file = { path, access: opened, to: text(args.get('new_path')) ?? text(args.get('linkpath')) };
  };
}

function opensToWrite(flags: string | null): boolean {
  return flags !== null && /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/.test(flags);
}

function load(observation: Observation, args: TraceeArguments): void {
  file('map')(observation, args);
  if (observation.file !== null) observation.activity = 'load';
}

function connection(activity: Activity): Observe {
  return (observation, args) => {
    const remote = object(args.get('remote_addr'));
    const local = object(args.get('local_addr'));
    const network = unknownNetwork();
    network.destinationIp = addressOf(remote) ?? text(args.get('dst')) ?? text(args.get('ip'));
    network.destinationPort = portOf(remote) ?? number(args.get('dst_port')) ?? number(args.get('port'));
    network.sourceIp = addressOf(local) ?? text(args.get('src'));
    network.sourcePort = portOf(local) ?? number(args.get('src_port'));
    network.protocol = socketProtocol(args);
    network.hostname = readHostname(texts(args.get('dst_dns'))[0] ?? null);
    observation.activity = activity;
    observation.network = network;
  };
}

function addressOf(address: Record<string, unknown>): string | null {
  const value = address['sin_addr'] ?? address['sin6_addr'];
  return typeof value === 'string' && value !== '' ? value : null;
}

function portOf(address: Record<string, unknown>): number | null {
  const value = address['sin_port'] ?? address['sin6_port'];
  return typeof value === 'number' || typeof value === 'string' ? number(value) : null;
}

function socketProtocol(args: TraceeArguments): string | null {
  const type = text(args.get('type')) ?? '';
  return type === 'SOCK_STREAM' ? 'tcp' : type === 'SOCK_DGRAM' ? 'udp' : null;
}

function packet(activity: Activity): Observe {
  return (observation, args) => {
    observation.activity = activity;
    observation.network = packetOf(args);
  };
}

function packetOf(args: TraceeArguments): ObservedNetwork {
  const metadata = object(args.get('metadata'));
  const network = unknownNetwork();
  network.sourceIp = text(args.get('src')) ?? text(metadata['src_ip']);
  network.sourcePort = number(args.get('src_port')) ?? number(metadata['src_port']);
  network.destinationIp = text(args.get('dst')) ?? text(metadata['dst_ip']);
  network.destinationPort = number(args.get('dst_port')) ?? number(metadata['dst_port']);
  network.protocol = args.has('proto_tcp') ? 'tcp' : args.has('proto_udp') || args.has('proto_dns') ? 'udp' : null;
  network.bytes = number(metadata['packet_len']);
  return network;
}

function dns(observation: Observation, args: TraceeArguments): void {
  const network = packetOf(args);
  const dns = object(args.get('proto_dns'));
  const questions = list(dns['questions'] ?? args.get('dns_questions'));
  const question = questions.find(isObject);
  network.hostname = readHostname(text(question?.['name']) ?? text(question?.['query']));
  network.answers = list(dns['answers']).flatMap((answer) => text(object(answer)['IP']) || []);
  observation.activity = network.hostname === null ? 'send' : 'dns';
  observation.network = network;
}
