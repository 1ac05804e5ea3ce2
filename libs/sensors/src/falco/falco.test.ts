import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { JsonObject } from '@tidewaiter/domain';

import { falco } from './falco.js';

const connection = {
  sensor: 'falco-eu1',
  cluster: 'eu1',
  receivedAt: '2026-01-02T03:04:06Z',
  fingerprintKey: Buffer.alloc(32),
};
const text = readFileSync(join(__dirname, 'fixtures/event.json'), 'utf8');
const alert = JSON.parse(text) as JsonObject;
const fields = alert['output_fields'] as JsonObject;

const readText = (body: string) => falco.read(Buffer.from(body), connection);
const read = (body: unknown) => readText(JSON.stringify(body));
const record = (change: object) => read({ ...alert, ...change }).records[0];
const see = (change: object) => read({ ...alert, ...change }).records.map(falco.observe)[0];
const withFields = (change: object, tags: string[] = []) => see({ tags, output_fields: { ...fields, ...change } });

it('reads an alert', () => {
  const { records, ignored, dropped } = readText(text);
  expect(records).toMatchObject([
    {
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      source: 'falco',
      sensor: 'falco-eu1',
      cluster: 'eu1',
      node: 'node-1',
      at: '2026-01-02T03:04:05.123456789Z',
      event: { ...alert, output_fields: { ...fields, 'evt.time': '1767323045123456789' } },
    },
  ]);
  expect({ ignored, dropped }).toEqual({ ignored: {}, dropped: 0 });
  expect(records.map(falco.observe)).toMatchObject([
    {
      activity: 'exec',
      alert: {
        rule: 'Terminal shell in container',
        priority: 'notice',
        output: 'A shell was spawned',
        tags: ['T1059', 'shell'],
      },
      process: {
        name: 'sh',
        commandLine: 'sh -c id',
        arguments: '-c id',
        executable: '/bin/busybox',
        user: 'root',
        uid: 0,
        auditUid: null,
        parentExecutable: 'node',
      },
      container: {
        id: 'c0ffeec0ffee',
        name: 'checkout',
        imageRepository: 'registry.example.com/shop/checkout',
        imageTag: '1.4.0',
        imageDigest: `sha256:${'5a'.repeat(32)}`,
      },
      pod: { namespace: 'shop', name: 'checkout-7c9d8f6b5d-x2x8k' },
    },
  ]);
});

describe('the id', () => {
  it('is the same for the same alert, in any order of its fields and through falcosidekick', () => {
    const reordered = Object.fromEntries(Object.entries(fields).toReversed());
    expect(record({ output_fields: reordered, uuid: 'u-2' })?.id).toBe(record({ uuid: 'u-1' })?.id);
  });

  it.each([
    { rule: 'Other' },
    { time: '2026-01-02T03:04:05.123456788Z' },
    { hostname: 'node-2' },
    { output: 'Another shell' },
    { output_fields: { ...fields, 'proc.cmdline': 'sh' } },
  ])('differs with %j', (change) => {
    expect(record(change)?.id).not.toBe(record({})?.id);
  });
});

it('knows an alert without time by its nanoseconds, or by when it came', () => {
  expect(readText(text.replace('"time":', '"other":')).records[0]?.at).toBe('2026-01-02T03:04:05.123456789Z');
  expect(record({ time: 'yesterday', output_fields: {} })?.at).toBe(connection.receivedAt);
});

it.each([
  ['host', { 'container.id': 'host', 'container.name': 'host' }],
  ['no id', { 'container.id': null }],
  ['<NA>', { 'container.id': '<NA>' }],
])('reads the container %s as none', (_, change) => {
  expect(withFields(change)?.container).toBeNull();
});

it('reads unknown fields as null, never as a word', () => {
  const blank = {
    'container.image.tag': '<NA>',
    'container.image.digest': 'sha256:short',
    'k8s.pod.name': null,
    'proc.name': '',
    'proc.exepath': '<NA>',
    'user.name': '<NA>',
    'user.uid': '<NA>',
  };
  expect(withFields(blank)).toMatchObject({
    container: { imageTag: null, imageDigest: null },
    pod: { namespace: 'shop', name: null },
    process: { name: null, user: null, executable: null },
  });
  expect(see({ output_fields: null, hostname: undefined, tags: 'shell', output: undefined })).toMatchObject({
    node: null,
    container: null,
    pod: null,
    process: null,
    alert: { tags: [], output: '' },
  });
});

it.each([
  [
    { 'ka.target.resource': 'pods', 'ka.target.name': 'p', 'ka.target.namespace': 'n' },
    { namespace: 'n', name: 'p' },
  ],
  [
    { 'ka.target.resource': 'pods', 'ka.resp.name': 'p', 'ka.target.namespace': 'n' },
    { namespace: 'n', name: 'p' },
  ],
  [
    { 'ka.target.resource': 'configmaps', 'ka.target.name': 'c', 'ka.target.namespace': 'n' },
    { namespace: 'n', name: null },
  ],
  [{ 'ka.target.resource': 'clusterroles', 'ka.target.name': 'r' }, null],
])('reads of the audit log %j the pod %j', (output_fields, pod) => {
  const observation = see({
    output_fields: { ...output_fields, 'ka.user.name': 'jane', 'ka.verb': 'create', 'ka.response.code': '403' },
  });
  expect(observation).toMatchObject({ container: null, process: { name: null, user: 'jane' } });
  expect(observation?.request).toMatchObject({ user: 'jane', verb: 'create', status: 403, succeeded: false });
  if (pod === null) expect(observation?.pod).toBeNull();
  else expect(observation?.pod).toMatchObject(pod);
});

it.each([
  ['[{"granted":true,"permission":"iam.serviceAccountKeys.create"}]', true],
  ['[{"granted":false,"permission":"iam.serviceAccountKeys.create"}]', false],
])('reads a call to Google Cloud with the authorization %s', (info, succeeded) => {
  const output_fields = { 'gcp.user': 'a@b.example', 'gcp.callerIP': '192.0.2.9', 'gcp.authorizationInfo': info };
  expect(see({ output_fields })?.request).toMatchObject({ user: 'a@b.example', sourceIps: ['192.0.2.9'], succeeded });
});

it.each([
  ['Emergency', 'emergency'],
  ['CRITICAL', 'critical'],
  ['Warn', 'warning'],
  ['info', 'informational'],
  ['Urgent', 'warning'],
  [undefined, 'warning'],
])('reads the priority %j as %s', (priority, word) => {
  expect(see({ priority })?.alert?.priority).toBe(word);
});

it.each([
  [
    { 'fd.name': '10.0.0.1:4000->192.0.2.1:443', 'fd.l4proto': 'tcp' },
    { sourceIp: '10.0.0.1', sourcePort: 4000, destinationIp: '192.0.2.1', destinationPort: 443, protocol: 'tcp' },
  ],
  [
    { 'fd.name': '2001:db8::1:4000->2001:db8::2:443' },
    { sourceIp: '2001:db8::1', destinationIp: '2001:db8::2', destinationPort: 443 },
  ],
  [
    { 'fd.rip': '192.0.2.1', 'fd.rport': 443, 'fd.rip.name': 'Pool.example.com.' },
    { destinationIp: '192.0.2.1', destinationPort: 443, hostname: 'pool.example.com' },
  ],
  [
    { 'fd.sip': '192.0.2.1', 'fd.sport': '443', 'fd.cip': '10.0.0.1' },
    { sourceIp: '10.0.0.1', destinationIp: '192.0.2.1', destinationPort: 443 },
  ],
])('reads the ends of a connection from %j', (change, network) => {
  expect(withFields(change)).toMatchObject({ network, file: null });
});

it.each([
  [
    { 'fd.name': '/etc/shadow', 'evt.type': 'openat' },
    { path: '/etc/shadow', access: 'read' },
  ],
  [
    { 'fd.name': '/etc/cron.d/x', 'evt.type': 'openat', 'evt.is_open_write': true },
    { path: '/etc/cron.d/x', access: 'write' },
  ],
  [
    { 'fs.path.name': '/a', 'fs.path.target': '/b', 'evt.type': 'rename' },
    { path: '/a', access: 'rename', to: '/b' },
  ],
  [{ 'fd.name': 'pipe' }, null],
])('reads the file of %j', (change, file) => {
  const observation = withFields(change);
  if (file === null) expect(observation?.file).toBeNull();
  else expect(observation?.file).toMatchObject(file);
});

it.each([
  ['execve', {}, 'exec'],
  ['openat', { 'fd.name': '/etc/x', 'evt.is_open_write': true }, 'file'],
  ['connect', { 'fd.name': '10.0.0.1:4000->192.0.2.1:443' }, 'connect'],
  ['container', {}, 'container'],
  ['constructor', {}, 'other'],
])('reads our feed rule about %s as what happened, not as an alert', (type, change, activity) => {
  const observation = withFields(
    { 'evt.type': type, 'proc.is_exe_upper_layer': true, 'proc.pexepath': '/usr/bin/node', ...change },
    ['tidewaiter_feed'],
  );
  expect(observation).toMatchObject({
    activity,
    alert: null,
    process: { fromUpperLayer: true, parentExecutable: '/usr/bin/node' },
  });
});

it.each([
  ['execve', 'exec'],
  ['openat', 'file'],
  ['connect', 'connect'],
  ['ptrace', 'alert'],
  ['constructor', 'alert'],
  ['<NA>', 'alert'],
])('reads an alert about %s as that event, too', (type, activity) => {
  expect(withFields({ 'evt.type': type })).toMatchObject({ activity, alert: { rule: alert.rule } });
});

it('ignores and counts what is no detection, and adds up what Falco lost', () => {
  const drop = (output_fields: object) => ({ ...alert, rule: 'Falco internal: syscall event drop', output_fields });
  const read41 = read([
    alert,
    { rule: 'Falco internal: metrics snapshot' },
    { rule: 'Test rule' },
    drop({ n_drops: '41' }),
    drop({ n_drops: 'many' }),
  ]);
  expect(read41).toMatchObject({ ignored: { internal: 1, test: 1 }, dropped: 42 });
  expect(read41.records.map(falco.observe).map(({ activity, dropped }) => [activity, dropped])).toEqual([
    ['exec', 0],
    ['health', 41],
    ['health', 1],
  ]);
});
