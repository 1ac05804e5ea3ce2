import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { JsonObject } from '@tidewaiter/domain';

import { tetragon } from './tetragon.js';

const connection = {
  sensor: 'nodes',
  cluster: null,
  receivedAt: '2026-01-02T03:04:06Z',
  fingerprintKey: Buffer.alloc(32),
};
const sample = JSON.parse(readFileSync(join(__dirname, 'fixtures/event.json'), 'utf8')) as {
  process_exec: { process: JsonObject; parent: JsonObject };
  node_name: string;
  time: string;
};
const { process } = sample.process_exec;

const read = (...events: object[]) =>
  tetragon.read(Buffer.from(events.map((event) => JSON.stringify(event)).join('\n')), connection);
const see = (event: object) => read(event).records.map(tetragon.observe)[0];
const exec = (change: object) =>
  see({ ...sample, process_exec: { ...sample.process_exec, process: { ...process, ...change } } });
const kprobe = (function_name: string, args: object[], more: object = {}) =>
  see({ process_kprobe: { process, function_name, args, ...more }, node_name: 'node-1', time: sample.time });

it('reads an exec', () => {
  expect(read(sample)).toMatchObject({
    records: [
      {
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        source: 'tetragon',
        sensor: 'nodes',
        cluster: 'claimed',
        node: 'node-1',
        at: '2026-01-02T03:04:05.123456789Z',
        event: sample,
      },
    ],
    ignored: {},
    dropped: 0,
  });
  expect(see(sample)).toMatchObject({
    activity: 'exec',
    process: {
      execId: 'bm9kZS0xOjQ3MTE6Nw==',
      parentExecId: 'bm9kZS0xOjE6MQ==',
      pid: 4711,
      parentPid: 1,
      executable: '/bin/sh',
      commandLine: '/bin/sh -c id',
      arguments: '-c id',
      name: 'sh',
      workingDirectory: '/srv',
      uid: 0,
      user: 'root',
      auditUid: null,
      parentExecutable: '/usr/bin/node',
      parentCommandLine: '/usr/bin/node main.js',
      inInitTree: false,
    },
    container: {
      id: expect.stringMatching(/^c0ffee[0-9a-f]{58}$/),
      name: 'checkout',
      imageRepository: 'registry.example.com:5000/shop/checkout',
      imageTag: '1.4.0',
      imageDigest: `sha256:${'5a'.repeat(32)}`,
    },
    pod: { namespace: 'shop', workload: 'checkout', workloadKind: 'Deployment', serviceAccount: null },
  });
});

describe('the cached container and parent', () => {
  const podOf = (id: string, container: object, image: object, pod: object | undefined) =>
    pod && { ...pod, container: { id, ...container, image } };
  let ids = 0;
  const newId = () => (ids += 1).toString(16).padStart(64, '0');

  /** Observes an event without an earlier event of its container, and after `before`. */
  function twice(event: (id: string) => object, before: (id: string) => object) {
    const [alone, after] = [newId(), newId()];
    see(before(after));
    return [alone, after].map(
      (id) =>
        // The id of a record is a hash over the event.
        JSON.parse(
          JSON.stringify({ ...see(event(id)), id: null })
            .replaceAll(id, 'ID')
            .replaceAll(id.slice(0, 31), 'DOCKER'),
        ) as JsonObject,
    );
  }

  it.each<[string, object | undefined, object?, object?, object?]>([
    ['other pod', { name: 'b', namespace: 'shop' }],
    ['other namespace', { name: 'a', namespace: 'other' }],
    ['a workload', { name: 'a', namespace: 'shop', workload: 'w', workload_kind: 'Deployment' }],
    ['a uid', { name: 'a', namespace: 'shop', uid: 'u' }],
    ['no pod', undefined],
    ['an empty pod', {}],
    ['other name', { name: 'a', namespace: 'shop' }, { name: 'other' }],
    ['other start', { name: 'a', namespace: 'shop' }, { start_time: '2026-01-02T03:04:05Z' }],
    ['other image', { name: 'a', namespace: 'shop' }, {}, { name: 'shop/app:2' }],
    ['other digest', { name: 'a', namespace: 'shop' }, {}, { id: `shop/app@sha256:${'5b'.repeat(32)}` }],
    ['other docker', { name: 'a', namespace: 'shop' }, {}, {}, { docker: 'c0ffeec0ffeec0ffee' }],
  ])('do not replace new values: %s', (_, pod, container = {}, image = {}, more = {}) => {
    const first = { name: 'a', namespace: 'shop' };
    const event = (id: string, ...[of, within, by, other]: [object?, object?, object?, object?]) => ({
      ...sample,
      process_exec: {
        process: { ...process, docker: id.slice(0, 31), ...other, pod: podOf(id, within ?? {}, by ?? {}, of) },
      },
    });
    const [alone, after] = twice(
      (id) => event(id, pod, container, image, more),
      (id) => event(id, first),
    );
    expect(after).toEqual(alone);
  });

  it.each([{ pid: 2 }, { binary: '/bin/other' }, { arguments: 'other' }, { binary: '' }])(
    'do not replace new values of the parent: %j',
    (change) => {
      const event = (id: string, more: object) => ({
        ...sample,
        process_exec: {
          process: { ...process, parent_exec_id: id },
          parent: { exec_id: id, pid: 1, binary: '/bin/sh', arguments: '-c id', ...more },
        },
      });
      const [alone, after] = twice(
        (id) => event(id, change),
        (id) => event(id, {}),
      );
      expect(after).toEqual(alone);
    },
  );
});

it('takes the cluster that is configured, not the one that is claimed', () => {
  const { records } = tetragon.read(Buffer.from(JSON.stringify(sample)), { ...connection, cluster: 'eu1' });
  expect(records[0]?.cluster).toBe('eu1');
});

it.each([
  ['its start', { ...sample, time: undefined }, '2026-01-02T03:04:05.123456789Z'],
  ['when it came', { process_exec: { process: { ...process, start_time: 'soon' } } }, connection.receivedAt],
])('knows an event without time by %s', (_, event, at) => {
  expect(read(event).records[0]?.at).toBe(at);
});

it.each([
  ['no arguments', { arguments: undefined }, { commandLine: '/bin/sh', arguments: null }],
  ['another user', { uid: 1000, auid: 1000 }, { user: '1000', auditUid: 1000 }],
  ['no user', { uid: undefined }, { uid: null, user: null }],
  ['nothing said of the tree', { in_init_tree: undefined }, { inInitTree: null }],
  [
    'more privileges',
    { binary_properties: { privileges_changed: ['PRIVILEGES_RAISED_EXEC_FILE_SETUID'] } },
    { privilegesRaised: true },
  ],
  ['its own privileges', { binary_properties: {} }, { privilegesRaised: false }],
])('reads a process with %s', (_, change, expected) => {
  expect(exec(change)?.process).toMatchObject(expected);
});

it.each([
  ['a cut id outside Kubernetes', { pod: undefined }, { id: 'c0ffeec0ffeec0ffeec0ffeec0ffeec', imageDigest: null }],
  ['the host', { pod: undefined, docker: undefined }, null],
])('reads as container %s', (_, change, expected) => {
  const container = exec(change)?.container;
  expect(container === null ? null : container).toEqual(expected === null ? null : expect.objectContaining(expected));
});

const socket = { protocol: 'IPPROTO_TCP', saddr: '10.0.0.1', sport: 4000, daddr: '192.0.2.1', dport: 443 };

it.each([
  ['tcp_connect', 'connect'],
  ['inet_csk_listen_start', 'listen'],
  ['udp_sendmsg', 'send'],
])('reads %s as %s', (name, activity) => {
  expect(kprobe(name, [{ sock_arg: socket }, { size_arg: '44' }])).toMatchObject({
    activity,
    network: {
      protocol: 'tcp',
      sourceIp: '10.0.0.1',
      sourcePort: 4000,
      destinationIp: '192.0.2.1',
      destinationPort: 443,
      bytes: activity === 'send' ? 44 : null,
    },
  });
});

it('reads what a connect is asked for, and what an accept returned', () => {
  expect(
    kprobe('security_socket_connect', [{ sockaddr_arg: { family: 'AF_INET', addr: '192.0.2.1', port: 443 } }]),
  ).toMatchObject({
    activity: 'connect',
    network: { destinationIp: '192.0.2.1', destinationPort: 443, sourceIp: null },
  });
  // The remote end is the source.
  expect(kprobe('inet_csk_accept', [], { return: { sock_arg: socket } })).toMatchObject({
    activity: 'accept',
    network: { sourceIp: '192.0.2.1', sourcePort: 443, destinationIp: '10.0.0.1', destinationPort: 4000 },
  });
});

const file = { file_arg: { path: '/etc/passwd' } };

it.each([
  ['security_file_permission', [file, { int_arg: 2 }], 'file', 'write', null],
  ['security_file_permission', [file, { int_arg: 10 }], 'file', 'write', null],
  ['security_file_permission', [file, { int_arg: 4 }], 'file', 'read', null],
  ['security_file_permission', [file], 'file', 'read', null],
  ['__x64_sys_write', [file], 'file', 'write', null],
  ['__arm64_sys_read', [file], 'file', 'read', null],
  ['security_path_rename', [{ path_arg: { path: '/a' } }, { path_arg: { path: '/b' } }], 'file', 'rename', '/b'],
  ['security_path_unlink', [{ string_arg: '/a' }], 'file', 'delete', null],
  ['security_mmap_file', [file, { int_arg: 5 }], 'load', 'map', null],
  ['security_mmap_file', [file, { uint_arg: 5 }], 'load', 'map', null],
  // 64-bit numbers are texts in protobuf's JSON.
  ['security_mmap_file', [file, { long_arg: '5' }], 'load', 'map', null],
  ['security_mmap_file', [file, { size_arg: '4' }], 'load', 'map', null],
  ['security_mmap_file', [file, { uint_arg: 1 }, { uint_arg: 4 }], 'file', 'map', null],
  ['security_file_permission', [file, { uint_arg: 2 }], 'file', 'write', null],
  ['security_mmap_file', [file, { int_arg: 1 }], 'file', 'map', null],
  ['security_path_chmod', [file], 'file', 'mode', null],
])('reads %s of %j as %s: %s', (name, args, activity, access, to) => {
  expect(kprobe(name, args as object[])).toMatchObject({ activity, file: { access, to } });
});

it.each([
  ['commit_creds', 'privilege'],
  ['__x64_sys_setuid', 'privilege'],
  ['sys_setns', 'privilege'],
  ['sys_mount', 'other'],
  ['security_file_permission', 'other'],
  ['constructor', 'other'],
])('reads %s without arguments as %s', (name, activity) => {
  expect(kprobe(name, [])).toMatchObject({ activity, file: null, network: null });
});

it('reads the hash of what is about to run, as that and not as what runs before it', () => {
  const event = {
    process_lsm: {
      process: { ...process, binary: '/bin/bash' },
      function_name: 'bprm_check_security',
      args: [{ linux_binprm_arg: { path: '/usr/sbin/sshd' } }],
      ima_hash: `sha256:${'5A'.repeat(32)}`,
    },
  };
  expect(see(event)).toMatchObject({
    activity: 'load',
    file: { path: '/usr/sbin/sshd', access: 'map' },
    process: { executable: '/usr/sbin/sshd', name: 'sshd', sha256: '5a'.repeat(32) },
  });
});

it.each([
  [{ process_exit: { process } }, 'exit'],
  [{ process_loader: { process, path: '/lib/libc.so' } }, 'load'],
  [{ process_connect: { process, destination_ip: '192.0.2.1', destination_port: 443, protocol: 'TCP' } }, 'connect'],
  [{ process_listen: { process, ip: '0.0.0.0', port: 80 } }, 'listen'],
  [{ process_close: { process } }, 'other'],
  [{ process_tracepoint: { process, subsys: 'raw_syscalls' } }, 'other'],
  [{ process_throttle: { type: 'THROTTLE_START', cgroup: 'a.scope' } }, 'health'],
])('reads %j as %s', (event, activity) => {
  expect(see(event)?.activity).toBe(activity);
});

it('counts what Tetragon left out', () => {
  const event = { rate_limit_info: { number_of_dropped_process_events: '41' }, node_name: 'node-1', time: sample.time };
  expect(read(sample, event)).toMatchObject({ dropped: 41 });
  expect(see(event)).toMatchObject({ activity: 'health', dropped: 41 });
});
