import {
  type Activity,
  type JsonObject,
  type JsonValue,
  type Observation,
  type ObservedNetwork,
  unknownNetwork,
} from '@tidewaiter/domain';

import { isObject, list, number, object, text } from '../json.js';
import { baseName } from '../observation.js';

/**
 * Observers of kernel hooks, by function without `__x64_` and the like. Tracing policies may name
 * others: their activity is `other`.
 */
const hooks: ReadonlyMap<string, (observation: Observation, hook: Hook) => void> = new Map([
  ...named(
    ['tcp_connect', 'tcp_v4_connect', 'tcp_v6_connect', 'security_socket_connect', 'sys_connect'],
    network('connect'),
  ),
  ...named(['inet_csk_accept', 'security_socket_accept', 'sys_accept', 'sys_accept4'], network('accept')),
  ...named(['inet_csk_listen_start', 'security_socket_listen', 'inet_listen'], network('listen')),
  ...named(['udp_sendmsg', 'udpv6_sendmsg', 'tcp_sendmsg', 'tcp_sendmsg_locked', 'ip_send_skb'], network('send')),
  ...named(['security_file_permission', 'security_inode_permission'], permission),
  ...named(['security_file_open', 'fd_install', 'sys_openat', 'sys_open', 'sys_read', 'vfs_read'], file('read')),
  ...named(
    ['sys_write', 'sys_pwrite64', 'vfs_write', 'security_path_truncate', 'security_file_truncate'],
    file('write'),
  ),
  ...named(
    ['security_path_unlink', 'security_inode_unlink', 'sys_unlink', 'sys_unlinkat', 'security_path_rmdir'],
    file('delete'),
  ),
  ...named(
    ['security_path_rename', 'security_inode_rename', 'sys_rename', 'sys_renameat', 'sys_renameat2'],
    file('rename'),
  ),
  ...named(
    ['security_path_link', 'security_inode_link', 'security_path_symlink', 'security_inode_symlink'],
    file('link'),
  ),
  ...named(['sys_link', 'sys_linkat', 'sys_symlink', 'sys_symlinkat'], file('link')),
  ...named(['security_path_chmod', 'sys_chmod', 'sys_fchmodat', 'sys_fchmod', 'chmod_common'], file('mode')),
  ...named(['security_mmap_file'], mapping),
  ...named(['security_bprm_check', 'bprm_check_security', 'security_bprm_creds_from_file'], executable),
  ...named(['commit_creds', 'cap_capable', 'sys_setuid', 'sys_setgid', 'sys_setreuid', 'sys_setregid'], privilege),
  ...named(['sys_setresuid', 'sys_setresgid', 'sys_setfsuid', 'sys_setfsgid', 'sys_capset'], privilege),
  ...named(['sys_setns', 'sys_unshare', 'create_user_ns', 'security_create_user_ns'], privilege),
]);

interface Hook {
  args: readonly JsonValue[];
  returned: JsonObject;
  hash: string | null;
}

/** Adds a hook's data beside its process. `kind` is the member of the event, `data` its value. */
export function observeHook(observation: Observation, kind: string, data: JsonObject): void {
  if (kind in ownKinds) {
    observation.activity = ownKinds[kind] ?? 'other';
    observation.network = addresses(data, 'source_ip', 'source_port', 'destination_ip', 'destination_port');
    if (observation.activity === 'listen') Object.assign(observation.network, listener(data));
  } else if (kind === 'process_loader') {
    const path = text(data['path']);
    observation.activity = 'load';
    observation.file = path === null ? null : { path, access: 'map', to: null };
  } else {
    const hook = hooks.get(withoutPrefix(text(data['function_name']) ?? ''));
    hook?.(observation, { args: list(data['args']), returned: object(data['return']), hash: text(data['ima_hash']) });
  }
}

/** Kinds of the enterprise edition, whose events are not hooks. */
const ownKinds: Readonly<Record<string, Activity>> = {
  process_connect: 'connect',
  process_accept: 'accept',
  process_listen: 'listen',
  process_close: 'other',
};

const architecture = /^__(?:x64|arm64|ia32|x32)_(?:compat_)?/;

function withoutPrefix(functionName: string): string {
  return functionName.replace(architecture, '');
}

function named<Observe>(functions: readonly string[], observe: Observe): (readonly [string, Observe])[] {
  return functions.map((name) => [name, observe] as const);
}

function network(activity: Activity) {
  return (observation: Observation, { args, returned }: Hook): void => {
    const socket = find(args, 'sock_arg', 'skb_arg', 'sockaddr_arg') ?? object(returned['sock_arg']);
    observation.activity = activity;
    // The kernel calls its own end the source; for an accepted connection the source is the remote
    // end.
    observation.network =
      activity === 'accept'
        ? addresses(socket, 'daddr', 'dport', 'saddr', 'sport')
        : addresses(socket, 'saddr', 'sport', 'daddr', 'dport');
    if (activity === 'send') observation.network.bytes = firstNumber(args);
    if (find(args, 'sockaddr_arg') !== null) Object.assign(observation.network, target(socket));
  };
}

function addresses(
  from: JsonObject,
  source: string,
  sourcePort: string,
  target: string,
  targetPort: string,
): ObservedNetwork {
  const read = unknownNetwork();
  read.protocol =
    text(from['protocol'])
      ?.replace(/^IPPROTO_/, '')
      .toLowerCase() ?? null;
  read.sourceIp = text(from[source]);
  read.sourcePort = number(from[sourcePort]);
  read.destinationIp = text(from[target]);
  read.destinationPort = number(from[targetPort]);
  return read;
}

function listener(data: JsonObject): Partial<ObservedNetwork> {
  return { sourceIp: text(data['ip']), sourcePort: number(data['port']) };
}

function target(address: JsonObject): Partial<ObservedNetwork> {
  return {
    sourceIp: null,
    sourcePort: null,
    destinationIp: text(address['addr']),
    destinationPort: number(address['port']),
  };
}

/**
 * Members that hold a number. Which one Tetragon uses follows from the type in the tracing policy:
 * `int` and shorter signed types are `int_arg`, `uint32` and shorter unsigned ones `uint_arg`,
 * `int64` is `long_arg`, `uint64` and `size_t` are `size_arg`.
 * @see https://tetragon.io/docs/reference/grpc-api/#kprobeargument
 */
const numericMembers = ['int_arg', 'uint_arg', 'long_arg', 'size_arg'];

/** The first number among the arguments: a mask, or the number of bytes sent. */
function firstNumber(args: readonly JsonValue[]): number | null {
  for (const arg of args) {
    for (const member of numericMembers) {
      const value = number(object(arg)[member]);
      if (value !== null) return value;
    }
  }
  return null;
}

const mayWrite = 2 | 8;

/** `MAY_WRITE` and `MAY_APPEND` are writes, anything else reads. */
function permission(observation: Observation, hook: Hook): void {
  const mask = firstNumber(hook.args) ?? 0;
  file((mask & mayWrite) === 0 ? 'read' : 'write')(observation, hook);
}

function file(access: NonNullable<Observation['file']>['access']) {
  return (observation: Observation, { args, returned }: Hook): void => {
    const [path, to = null] = paths(args);
    const opened = path ?? text(object(returned['file_arg'])['path']);
    if (opened === null) return;
    observation.activity = 'file';
    observation.file = { path: opened, access, to };
  };
}

const protExec = 4;

/** Mapping executable memory is loading a library. */
function mapping(observation: Observation, hook: Hook): void {
  file('map')(observation, hook);
  if (observation.file !== null && ((firstNumber(hook.args) ?? 0) & protExec) !== 0) observation.activity = 'load';
}

/**
 * A file about to be executed: the only hook at which the kernel reports its hash. The event's
 * process is still the previous one, so the file's path and hash replace its executable.
 */
function executable(observation: Observation, hook: Hook): void {
  file('map')(observation, hook);
  if (observation.file === null) return;
  observation.activity = 'load';
  if (observation.process === null) return;
  observation.process.executable = observation.file.path;
  observation.process.name = baseName(observation.file.path);
  observation.process.sha256 = hook.hash === null ? null : sha256(hook.hash);
}

function sha256(hash: string): string | null {
  return /^(?:sha256:)?([0-9a-f]{64})$/i.exec(hash)?.[1]?.toLowerCase() ?? null;
}

function privilege(observation: Observation): void {
  observation.activity = 'privilege';
}

function find(args: readonly JsonValue[], ...names: string[]): JsonObject | null {
  for (const arg of args) {
    if (!isObject(arg)) continue;
    for (const name of names) if (isObject(arg[name])) return arg[name];
  }
  return null;
}

function paths(args: readonly JsonValue[]): string[] {
  const found: string[] = [];
  for (const arg of args) {
    const each = object(arg);
    const of = each['file_arg'] ?? each['path_arg'] ?? each['linux_binprm_arg'];
    const path = isObject(of) ? text(of['path']) : text(each['string_arg']);
    if (path !== null) found.push(path);
  }
  return found;
}
