import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { JsonObject } from '@tidewaiter/domain';

import { tracee } from './tracee.js';

const connection = {
  sensor: 'tracee',
  cluster: 'eu1',
  receivedAt: '2026-01-02T03:04:06Z',
  fingerprintKey: Buffer.alloc(32),
};
const text = readFileSync(join(__dirname, 'fixtures/event.json'), 'utf8');
const sample = JSON.parse(text) as JsonObject;

const read = (event: object) => tracee.read(Buffer.from(JSON.stringify(event)), connection);
const see = (event: object) => read(event).records.map(tracee.observe)[0];
const old = (eventName: string, args: Record<string, unknown>, more: object = {}) =>
  see({
    ...sample,
    eventName,
    args: Object.entries(args).map(([name, value]) => ({ name, type: 'any', value })),
    ...more,
  });

describe('tracee', () => {
  it('reads an exec of before, with every digit of its time', () => {
    const { records } = tracee.read(Buffer.from(text), connection);
    expect(records).toMatchObject([
      { node: 'node-1', at: '2026-01-02T03:04:05.123456789Z', event: { timestamp: '1767323045123456789' } },
    ]);
    expect(records.map(tracee.observe)).toMatchObject([
      {
        activity: 'exec',
        process: {
          execId: '2147839422',
          parentExecId: '1975426032',
          pid: 4711,
          parentPid: 4700,
          executable: '/bin/sh',
          name: 'sh',
          commandLine: 'sh -c id',
          arguments: '-c id',
          user: 'root',
        },
        container: {
          imageRepository: 'registry.example.com:5000/shop/checkout',
          imageTag: '1.4.0',
          imageDigest: `sha256:${'5a'.repeat(32)}`,
        },
        pod: { namespace: 'shop', name: 'checkout-7c9d8f6b5d-x2x8k' },
      },
    ]);
  });

  it('reads an exec of the protobuf', () => {
    const event = {
      timestamp: { seconds: '1767323045', nanos: 5 },
      name: 'sched_process_exec',
      workload: {
        process: {
          thread: { name: 'bash', unique_id: 7 },
          unique_id: { value: 1_234_567_890 },
          host_pid: { value: 4711 },
          real_user: { id: { value: 1000 } },
          executable: { path: '/usr/bin/bash' },
          ancestors: [{ unique_id: { value: 987 }, host_pid: { value: 4700 }, executable: { path: '/usr/bin/node' } }],
        },
        container: {
          id: 'c0ffee',
          name: 'checkout',
          image: { name: 'shop/checkout:1', repo_digests: [`shop/checkout@sha256:${'5a'.repeat(32)}`] },
        },
        k8s: { pod: { name: 'p', uid: 'u' }, namespace: { name: 'shop' } },
      },
      data: [
        { name: 'pathname', str: '/usr/bin/ls' },
        { name: 'argv', str_array: { value: ['ls', '-la'] } },
      ],
    };
    expect(see(event)).toMatchObject({
      at: '2026-01-02T03:04:05.000000005Z',
      activity: 'exec',
      process: {
        execId: '1234567890',
        parentExecId: '987',
        pid: 4711,
        parentPid: 4700,
        executable: '/usr/bin/ls',
        commandLine: 'ls -la',
        parentExecutable: '/usr/bin/node',
        user: '1000',
      },
      container: {
        id: 'c0ffee',
        imageRepository: 'shop/checkout',
        imageTag: '1',
        imageDigest: `sha256:${'5a'.repeat(32)}`,
      },
      pod: { namespace: 'shop', name: 'p', uid: 'u' },
    });
  });

  it('takes the node that the shipper adds before the name that a container believes', () => {
    expect(read({ ...sample, hostName: 'checkout-7c9d8', nodeName: 'node-7' }).records[0]?.node).toBe('node-7');
  });

  it.each([
    [
      'security_file_open',
      { pathname: '/etc/shadow', flags: 'O_RDONLY' },
      'file',
      { access: 'read', path: '/etc/shadow' },
    ],
    ['security_file_open', { pathname: '/tmp/x', flags: 'O_WRONLY|O_CREAT' }, 'file', { access: 'write' }],
    ['security_inode_rename', { old_path: '/a', new_path: '/b' }, 'file', { access: 'rename', path: '/a', to: '/b' }],
    ['shared_object_loaded', { pathname: '/lib/x.so' }, 'load', { access: 'map' }],
  ])('reads %s of %j as %s', (name, args, activity, file) => {
    expect(old(name, args)).toMatchObject({ activity, file });
  });

  it.each([
    [
      'security_socket_connect',
      { remote_addr: { sa_family: 'AF_INET', sin_addr: '192.0.2.1', sin_port: '443' }, type: 'SOCK_STREAM' },
      'connect',
      { destinationIp: '192.0.2.1', destinationPort: 443, protocol: 'tcp' },
    ],
    [
      'net_packet_tcp',
      { src: '10.0.0.1', dst: '192.0.2.1', src_port: 4000, dst_port: 443, proto_tcp: {} },
      'send',
      { sourceIp: '10.0.0.1', destinationPort: 443, protocol: 'tcp' },
    ],
    [
      'net_packet_dns',
      { src: '10.0.0.1', dst: '10.0.0.2', dst_port: 53, proto_dns: { questions: [{ name: 'A.B.Evil.Example.' }] } },
      'dns',
      { hostname: 'a.b.evil.example', destinationPort: 53 },
    ],
    ['net_packet_dns', { src: '10.0.0.1', dst: '10.0.0.2' }, 'send', { hostname: null }],
  ])('reads %s as %s', (name, args, activity, network) => {
    expect(old(name, args)).toMatchObject({ activity, network });
  });

  it.each([
    [
      {
        metadata: {
          Description: 'Dropped.',
          Properties: {
            Severity: 3,
            signatureName: 'New executable dropped',
            external_id: 'T1036',
            Category: 'defense-evasion',
          },
        },
      },
      { rule: 'New executable dropped', priority: 'critical', output: 'Dropped.', tags: ['T1036', 'defense-evasion'] },
    ],
    [
      {
        threat: {
          name: 'Fileless',
          description: 'From memory.',
          severity: 'HIGH',
          mitre: { technique: { id: 'T1620' }, tactic: { name: 'Defense Evasion' } },
        },
      },
      { rule: 'Fileless', priority: 'critical', output: 'From memory.', tags: ['T1620', 'Defense Evasion'] },
    ],
    [
      { metadata: { Properties: { signatureID: 'TRC-1', Severity: 0 } } },
      { rule: 'TRC-1', priority: 'informational', tags: [] },
    ],
  ])('reads a detection', (more, alert) => {
    expect(old('dropped_executable', { path: '/tmp/.x' }, more)).toMatchObject({
      activity: 'file',
      alert,
      file: { path: '/tmp/.x', access: 'write' },
    });
  });

  const detection = { metadata: { Properties: { signatureName: 'S' } } };
  const opened = [
    { name: 'pathname', value: '/etc/ld.so.preload' },
    { name: 'flags', value: 'O_WRONLY' },
  ];
  const preload = { activity: 'file', alert: { rule: 'S' }, file: { path: '/etc/ld.so.preload', access: 'write' } };

  it('reads a detection as the event that triggered it, in both formats', () => {
    const triggeredBy = { id: 730, name: 'security_file_open', args: opened, returnValue: 0 };
    expect(old('ld_preload', { triggeredBy }, detection)).toMatchObject(preload);
    const data = opened.map(({ name, value }) => ({ name, str: value }));
    const detected = { threat: { name: 'S' }, detected_from: { id: 730, name: 'security_file_open', data } };
    expect(old('ld_preload', {}, detected)).toMatchObject(preload);
  });

  it.each([
    ['ptrace', {}],
    ['sched_process_exit', {}],
    ['container_remove', {}],
    ['constructor', {}],
    ['security_file_open', { args: 7 }],
  ])('reads a detection triggered by %s with %j as no more than an alert', (name, more) => {
    const triggeredBy = { name, ...more };
    expect(old('anti_debugging', { triggeredBy }, detection)).toMatchObject({
      activity: 'alert',
      alert: { rule: 'S' },
    });
  });

  it('reads a detection with a malformed trigger as an alert', () => {
    for (const triggeredBy of [null, 'x', [], { name: 7 }])
      expect(old('anti_debugging', { triggeredBy }, detection)).toMatchObject({ activity: 'alert' });
  });

  it('reads what it does not know as other, and what it lost as that', () => {
    expect(old('clone', {})).toMatchObject({ activity: 'other', file: null, network: null });
    expect(old('lost_events', { lost: '41' })).toMatchObject({ activity: 'health', dropped: 41 });
    expect(read({ ...sample, eventName: 'lost_events', args: [] }).dropped).toBe(1);
  });
});
