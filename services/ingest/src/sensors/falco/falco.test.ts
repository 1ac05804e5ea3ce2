import { Secret } from '@tidewaiter/domain';

import { falco } from './falco.js';

const context = { sensor: 'falco-eu1', cluster: 'eu1' };
const digest = `sha256:${'ab'.repeat(32)}`;

// In the shape of Falco 0.41's JSON output; the values are our own.
const fields = {
  'container.id': '0a1b2c3d4e5f',
  'container.name': 'app',
  'container.image.repository': 'registry.example.com/shop/app',
  'container.image.tag': '1.0',
  'container.image.digest': digest,
  'k8s.ns.name': 'shop',
  'k8s.pod.name': 'app-0',
  'proc.name': 'sh',
  'proc.cmdline': 'sh -c id',
  'proc.exepath': '/bin/busybox',
  'user.name': 'root',
  'user.loginuid': -1,
};
const alert = {
  hostname: 'node-1',
  output: 'A shell was spawned',
  output_fields: fields,
  priority: 'Notice',
  rule: 'Terminal shell in container',
  source: 'syscall',
  tags: ['T1059', 'shell'],
  time: '2026-01-02T03:04:05.123456789Z',
};

const parseText = (text: string) => falco.parse({ headers: {}, body: Buffer.from(text) }, context);
const parse = (body: unknown) => parseText(JSON.stringify(body));
const only = (change: object) => parse({ ...alert, ...change }).events[0];
const withFields = (change: object) => only({ output_fields: { ...fields, ...change } });

it('reads an alert', () => {
  expect(parse(alert)).toEqual({
    events: [
      {
        id: expect.stringMatching(/^[0-9a-f]{64}$/),
        source: 'falco',
        sensor: 'falco-eu1',
        cluster: 'eu1',
        at: '2026-01-02T03:04:05.123456789Z',
        rule: 'Terminal shell in container',
        priority: 'notice',
        output: 'A shell was spawned',
        tags: ['T1059', 'shell'],
        host: 'node-1',
        container: {
          id: '0a1b2c3d4e5f',
          name: 'app',
          imageRepository: 'registry.example.com/shop/app',
          imageTag: '1.0',
          imageDigest: digest,
        },
        kubernetes: { namespace: 'shop', pod: 'app-0' },
        process: { name: 'sh', commandLine: 'sh -c id', executable: '/bin/busybox', user: 'root' },
      },
    ],
    ignored: {},
  });
});

it.each([
  ['an array', JSON.stringify([alert, { ...alert, rule: 'Other' }])],
  ['one a line', `${JSON.stringify(alert)}\n\n${JSON.stringify({ ...alert, rule: 'Other' })}\r\n`],
])('reads a batch as %s', (_, body) => {
  expect(parseText(body).events.map(({ rule }) => rule)).toEqual(['Terminal shell in container', 'Other']);
});

it('lets a bad event of a batch stop none of its neighbours', () => {
  const lines = [
    JSON.stringify(alert),
    '{"rule":',
    'null',
    JSON.stringify({ ...alert, time: 'yesterday' }),
    '{"output":"no rule"}',
  ];
  expect(parseText(lines.join('\n'))).toMatchObject({ events: [{ rule: alert.rule }], ignored: { malformed: 4 } });
  expect(parse([alert, 1, {}])).toMatchObject({ events: [{ rule: alert.rule }], ignored: { malformed: 2 } });
});

describe('the id', () => {
  it('is the same for the same alert, in any order of its fields and through falcosidekick', () => {
    const reordered = Object.fromEntries(Object.entries(fields).toReversed());
    expect(only({ output_fields: reordered, uuid: 'u-2' })?.id).toBe(only({ uuid: 'u-1' })?.id);
  });

  it.each([
    { rule: 'Other' },
    { time: '2026-01-02T03:04:05.123456788Z' },
    { hostname: 'node-2' },
    { output: 'Another shell' },
    { output_fields: { ...fields, 'proc.cmdline': 'sh' } },
  ])('differs with %j', (change) => {
    expect(only(change)?.id).not.toBe(only({})?.id);
  });
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
    'user.name': '<NA>',
  };
  expect(withFields(blank)).toMatchObject({
    container: { imageTag: null, imageDigest: null },
    kubernetes: { namespace: 'shop', pod: null },
    process: { name: null, user: null },
  });
  expect(only({ output_fields: null, hostname: undefined, tags: 'shell', output: undefined })).toMatchObject({
    host: null,
    container: null,
    kubernetes: null,
    process: null,
    tags: [],
    output: '',
  });
});

it.each([
  [
    { 'ka.target.resource': 'pods', 'ka.target.name': 'p', 'ka.target.namespace': 'n' },
    { namespace: 'n', pod: 'p' },
  ],
  [
    { 'ka.target.resource': 'pods', 'ka.resp.name': 'p', 'ka.target.namespace': 'n' },
    { namespace: 'n', pod: 'p' },
  ],
  [
    { 'ka.target.resource': 'configmaps', 'ka.target.name': 'c', 'ka.target.namespace': 'n' },
    { namespace: 'n', pod: null },
  ],
  [{ 'ka.target.resource': 'clusterroles', 'ka.target.name': 'r' }, null],
])('reads of the audit log %j as %j', (output_fields, kubernetes) => {
  expect(only({ output_fields: { ...output_fields, 'ka.user.name': 'jane' } })).toMatchObject({
    kubernetes,
    container: null,
    process: { name: null, user: 'jane' },
  });
});

it.each([
  ['Emergency', 'emergency'],
  ['CRITICAL', 'critical'],
  ['Warn', 'warning'],
  ['info', 'informational'],
  ['Urgent', 'warning'],
  [undefined, 'warning'],
])('reads the priority %j as %s', (priority, word) => {
  expect(only({ priority })?.priority).toBe(word);
});

it('keeps the largest event below one message', () => {
  const long = '\u0001'.repeat(40_000);
  const huge = Object.fromEntries(Object.keys(fields).map((name) => [name, long]));
  const [event] = parse({
    ...alert,
    hostname: long,
    output: long,
    rule: long,
    tags: Array.from({ length: 100 }, () => long),
    output_fields: huge,
  }).events;
  expect(event?.tags).toHaveLength(32);
  expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(256 * 1024);
});

it('ignores and counts what is no detection, and adds up what the sensor lost', () => {
  const drop = (output_fields: object) => ({ ...alert, rule: 'Falco internal: syscall event drop', output_fields });
  expect(
    parse([
      alert,
      { rule: 'Falco internal: metrics snapshot' },
      { rule: 'Test rule' },
      drop({ n_drops: '41' }),
      drop({ n_drops: 'many' }),
    ]),
  ).toMatchObject({ events: [{ rule: alert.rule }], ignored: { internal: 3, test: 1 }, dropped: 42 });
  expect(parse(alert)).not.toHaveProperty('dropped');
});

it.each([
  ['12:41:07.2: Notice A shell was spawned\n', 'BODY_NOT_JSON'],
  ['12:41:07.2: Notice A shell\n12:41:08.2: Notice Another\n', 'BODY_NOT_JSON'],
  [JSON.stringify(alert, null, 2).slice(0, -1), 'BODY_NOT_JSON'],
  ['{}', 'BODY_UNRECOGNISED'],
  ['[{}]', 'BODY_UNRECOGNISED'],
  ['{"rule":7}', 'BODY_UNRECOGNISED'],
  ['"rule"', 'BODY_UNRECOGNISED'],
])('refuses %j as %s', (body, code) => {
  expect(() => parseText(body)).toThrow(expect.objectContaining({ code }));
});

describe('authenticate', () => {
  const request = (headers: Record<string, string>, query?: Record<string, string>) => ({
    headers,
    body: Buffer.alloc(0),
    ...(query && { query }),
  });

  it.each([
    [request({ authorization: 'Bearer t0ken' }), true],
    [request({ authorization: `Basic ${Buffer.from('falco:t0ken').toString('base64')}` }), true],
    [request({}, { token: 't0ken' }), true],
    [request({}, { token: 'other' }), false],
    [request({}, {}), false],
    [request({}), false],
  ])('takes %j: %s', (given, verdict) => {
    expect(falco.authenticate(given, new Secret('t0ken'))).toBe(verdict);
  });
});
