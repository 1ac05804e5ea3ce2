import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';

import { jetstreamManager } from '@nats-io/jetstream';
import { Bus } from '@tidewaiter/bus';
import { Secret } from '@tidewaiter/domain';
import { type DataOf, partitionOf, readEvent, runtimeChannel, runtimeObserved } from '@tidewaiter/events';
import type { RunningService } from '@tidewaiter/runtime';
import { connect, SensorContacts, Store } from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { start } from '../main.js';

const settings = `
sensors:
  - { name: falco-eu1, kind: falco, cluster: eu1, token: t0ken, silentAfter: 2s }
  - { name: nodes, kind: tetragon, cluster: eu1, token: t0ken, silentAfter: never }
  - { name: audit, kind: kubernetes-audit, cluster: eu1, token: t0ken, silentAfter: never }
  - { name: closed, kind: cri }
  - { name: own, kind: generic, allowUnauthenticated: true, fields: { id: event.id, at: ts, process.executable: exe } }
`;

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let folder: string;
let environment: Record<string, string>;
let ingest: RunningService;
let dataSource: DataSource;
let store: Store;
let bus: Bus;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-runtime-'));
  await writeFile(join(folder, 'tidewaiter.yaml'), settings);
  const databaseUrl = await servers.postgres.createDatabase();
  environment = {
    TIDEWAITER_DATABASE_URL: databaseUrl,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
    TIDEWAITER_CONFIG: join(folder, 'tidewaiter.yaml'),
  };
  ingest = await start(environment);
  dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  bus = await Bus.connect('test', { natsUrl: new Secret(servers.nats.url) });
});

afterAll(async () => {
  await bus.onApplicationShutdown();
  await dataSource.destroy();
  await ingest.stop();
  await servers.stop();
  await rm(folder, { recursive: true });
});

let ids = 0;
const unique = () => `e${(ids += 1)}`;

const alert = (more: object = {}) => ({
  rule: 'Shell in a container',
  time: '2026-01-02T03:04:05.123456789Z',
  priority: 'Warning',
  hostname: 'node-1',
  output: unique(),
  output_fields: { 'container.id': 'abcdef012345', 'evt.time': '@1767323045123456789' },
  ...more,
});

const exec = (node: string, more: object = {}) => ({
  process_exec: { process: { exec_id: unique(), pid: 1, uid: 0, binary: '/bin/sh', arguments: '-c id' } },
  node_name: node,
  time: '2026-01-02T03:04:05.123456789Z',
  ...more,
});

const token = { authorization: 'Bearer t0ken' };

const post = async (path: string, body: string | Buffer, headers: Record<string, string> = token, at = ingest) => {
  const answer = await fetch(`${at.url}/hooks/runtime/${path}`, { method: 'POST', body, headers });
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
};
const lines = (events: readonly object[]) => events.map((event) => JSON.stringify(event)).join('\n');

/** All messages of the stream, with their subjects. */
async function stored(): Promise<{ subject: string; data: DataOf<typeof runtimeObserved> }[]> {
  const { source, waiting } = await bus.consumerAfter('TIDEWAITER_RUNTIME', `${runtimeObserved.channel}.*`, null);
  const messages = [];
  if (waiting > 0) {
    for await (const { subject, data } of await source.fetch({ max_messages: waiting, expires: 5_000 })) {
      messages.push({ subject, data: readEvent(data).data as DataOf<typeof runtimeObserved> });
    }
  }
  return messages;
}

const recordsOf = async (sensor: string) =>
  (await stored()).flatMap(({ data }) => (data.sensor === sensor ? data.records : []));

it('stores an event in the format of the sensor before the answer', async () => {
  const sent = alert({ rule: unique() });
  expect((await post('falco-eu1', JSON.stringify(sent).replace('"@', '').replace('9"}', '9}'))).body).toEqual({
    accepted: 1,
    duplicates: 0,
    ignored: 0,
  });
  const [record] = (await recordsOf('falco-eu1')).filter(({ event }) => event['rule'] === sent.rule);
  expect(record).toMatchObject({
    source: 'falco',
    sensor: 'falco-eu1',
    cluster: 'eu1',
    node: 'node-1',
    at: '2026-01-02T03:04:05.123456789Z',
    // No digit is lost.
    event: { output: sent.output, output_fields: { 'evt.time': '1767323045123456789' } },
  });
});

it('stores the events of a node in one partition, thousands in one request', async () => {
  const events = Array.from({ length: 3_000 }, (_, index) => exec(`node-${index % 3}`));
  expect((await post('nodes', lines(events))).body).toEqual({ accepted: 3_000, duplicates: 0, ignored: 0 });
  const messages = (await stored()).filter(({ data }) => data.sensor === 'nodes');
  expect(messages.flatMap(({ data }) => data.records)).toHaveLength(3_000);
  for (const { subject, data } of messages) {
    expect(new Set(data.records.map((record) => runtimeChannel(partitionOf(record))))).toEqual(new Set([subject]));
    expect(Buffer.byteLength(JSON.stringify(data))).toBeLessThanOrEqual(256 * 1024);
  }
});

describe('a repeated delivery', () => {
  it('is recognized within a body, across bodies and among others that are new', async () => {
    const known = exec('node-1');
    expect((await post('nodes', lines([known, known]))).body).toEqual({ accepted: 1, duplicates: 1, ignored: 0 });
    expect((await post('nodes', lines([exec('node-1'), known]))).body).toMatchObject({ accepted: 1, duplicates: 1 });
  });

  it('is recognized while the first delivery is under way, in any order', async () => {
    const events = Array.from({ length: 50 }, () => exec('node-2'));
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, turn) =>
        post('nodes', lines(turn % 2 === 0 ? events : events.toReversed())),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    expect(answers.reduce((sum, { body }) => sum + Number(body['accepted']), 0)).toBe(50);
  });

  it('is recognized by another process, when it is the same request', async () => {
    const body = lines([exec('node-3'), exec('node-4')]);
    await post('nodes', body);
    const other = await start(environment);
    try {
      expect((await post('nodes', body, token, other)).body).toEqual({ accepted: 0, duplicates: 2, ignored: 0 });
    } finally {
      await other.stop();
    }
  });

  it('is one request of Kubernetes, whatever its stages', async () => {
    const auditID = unique();
    const event = (stage: string) => ({ kind: 'Event', apiVersion: 'audit.k8s.io/v1', auditID, stage, verb: 'get' });
    const list = { kind: 'EventList', items: [event('RequestReceived'), event('ResponseComplete'), event('Panic')] };
    expect((await post('audit', JSON.stringify(list))).body).toEqual({ accepted: 1, duplicates: 1, ignored: 1 });
  });
});

describe('a body', () => {
  it.each([
    ['gzip', gzipSync, { 'content-encoding': 'gzip' }],
    ['gzip without a header', gzipSync, {}],
    ['zstd', zstdCompressSync, { 'content-encoding': 'zstd' }],
  ])('may be %s', async (_, pack, headers) => {
    expect((await post('nodes', pack(lines([exec('n'), exec('n')])), { ...token, ...headers })).body).toMatchObject({
      accepted: 2,
    });
  });

  it('may be larger than a registry’s', async () => {
    const padded = lines([exec('n', { padding: 'x'.repeat(4 * 2 ** 20) })]);
    expect(await post('nodes', padded)).toMatchObject({ status: 202, body: { accepted: 1 } });
  });

  it('may be mapped by the settings', async () => {
    const id = unique();
    const body = JSON.stringify({ event: { id }, ts: 1767323045, exe: '/bin/sh' });
    expect((await post('own', body, {})).body).toMatchObject({ accepted: 1 });
    expect(await recordsOf('own')).toMatchObject([{ id, at: '2026-01-02T03:04:05.000Z' }]);
  });
});

it.each([
  ['a bearer', 'falco-eu1', token, 202],
  ['a password', 'falco-eu1', { authorization: `Basic ${Buffer.from('x:t0ken').toString('base64')}` }, 202],
  ['its URL', 'falco-eu1?token=t0ken', {}, 202],
  ['a key', 'falco-eu1', { 'x-api-key': 't0ken' }, 202],
  ['two tokens in its URL', 'falco-eu1?token=t0ken&token=t0ken', {}, 401],
  ['a wrong token', 'falco-eu1?token=t1ken', {}, 401],
  ['nothing', 'falco-eu1', {}, 401],
  ['nothing, where there is no token', 'closed', {}, 401],
])('answers who shows %s', async (_, path, headers, status) => {
  expect((await post(path, JSON.stringify(alert()), headers)).status).toBe(status);
});

it.each([
  ['no such connection', 'other', '{}', {}, 404, 'CONNECTION_UNKNOWN'],
  [
    'an unauthenticated sender with a large body',
    'nodes',
    'x'.repeat(9 * 2 ** 20),
    { authorization: 'no' },
    401,
    'HOOK_UNAUTHORIZED',
  ],
  ['too much', 'nodes', 'x'.repeat(8 * 2 ** 20 + 1), {}, 413, 'BODY_TOO_LARGE'],
  ['too much when unpacked', 'nodes', gzipSync(Buffer.alloc(65 * 2 ** 20)), {}, 413, 'LIMIT_EXCEEDED'],
  ['half of a gzip', 'nodes', gzipSync('{}').subarray(0, 12), {}, 400, 'BODY_DAMAGED'],
  ['brotli', 'nodes', '{}', { 'content-encoding': 'br' }, 415, 'ENCODING_UNKNOWN'],
  ['no body', 'nodes', '', {}, 400, 'BODY_EMPTY'],
  ['plain text', 'falco-eu1', '12:41:07.2: Notice A shell\n', {}, 400, 'BODY_NOT_JSON'],
  ['another sensor', 'nodes', JSON.stringify(alert()), {}, 422, 'BODY_UNRECOGNIZED'],
])('refuses %s', async (_, path, body, headers, status, code) => {
  const answer = await post(path, body, { ...token, ...headers });
  expect(answer).toMatchObject({ status, body: { status, code } });
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
});

it('counts the losses of a sensor, and its events by outcome', async () => {
  await post(
    'falco-eu1',
    JSON.stringify(alert({ rule: 'Falco internal: syscall event drop', output_fields: { n_drops: 41 } })),
  );
  const metrics = await fetch(`${ingest.url}/metrics`).then(async (answer) => answer.text());
  expect(metrics).toMatch(/^tidewaiter_sensor_dropped_total\{sensor="falco-eu1",service="ingest"\} 41$/m);
  expect(metrics).toMatch(
    /^tidewaiter_sensor_events_total\{sensor="nodes",result="duplicates",service="ingest"\} \d+$/m,
  );
  expect(metrics).toMatch(/^tidewaiter_webhooks_total\{kind="tetragon",result="unauthorized",service="ingest"\} \d+$/m);
});

it('reports a silent sensor and its return once each, over two processes', async () => {
  const reported = async () =>
    store.query<{ type: string; data: { kind: string; cluster: string } }>(
      `SELECT type, data FROM outbox WHERE subject = 'falco-eu1' AND type LIKE '%.sensor.%' ORDER BY time`,
    );
  const until = async (count: number) => {
    while ((await reported()).length < count) await sleep(200);
  };
  const other = await start(environment);
  try {
    await until(1);
    await post('falco-eu1', JSON.stringify(alert()), token, other);
    await until(3);
    const [silent, recovered, again] = await reported();
    expect([silent, recovered, again]).toMatchObject([
      { type: 'dev.tidewaiter.sensor.silenced.v1', data: { sensor: 'falco-eu1', kind: 'falco', cluster: 'eu1' } },
      { type: 'dev.tidewaiter.sensor.recovered.v1' },
      { type: 'dev.tidewaiter.sensor.silenced.v1' },
    ]);
    const health = await new SensorContacts(store).list();
    expect(health.find(({ sensor }) => sensor === 'falco-eu1')).toMatchObject({ dropped: 41, kind: 'falco' });
    // It has never sent anything, so it is not reported as silent.
    expect(health.find(({ sensor }) => sensor === 'closed')).toMatchObject({ heardAt: null, silentSince: null });
  } finally {
    await other.stop();
  }
});

it('returns 429 while the stream is full, and accepts the same request later', async () => {
  const { streams } = await jetstreamManager(bus.connection);
  const { config } = await streams.info('TIDEWAITER_RUNTIME');
  await streams.update('TIDEWAITER_RUNTIME', { ...config, max_bytes: 1_000 });
  const body = lines([exec('node-6')]);
  const full = await post('nodes', body);
  expect(full).toMatchObject({ status: 429, body: { code: 'STREAM_FULL' } });
  expect(Number(full.headers.get('retry-after'))).toBeGreaterThan(0);
  await streams.update('TIDEWAITER_RUNTIME', config);
  expect((await post('nodes', body)).body).toEqual({ accepted: 1, duplicates: 0, ignored: 0 });
});

it('returns 503 while NATS is down, and 202 once it is back', async () => {
  const body = lines([exec('node-5')]);
  await servers.nats.kill();
  const away = await post('nodes', body);
  expect(away).toMatchObject({ status: 503, body: { code: 'BUS_UNAVAILABLE' } });
  expect(Number(away.headers.get('retry-after'))).toBeGreaterThan(0);
  await servers.nats.restart();
  let back = await post('nodes', body);
  for (let turn = 0; turn < 50 && back.status === 503; turn += 1) {
    await sleep(200);
    back = await post('nodes', body);
  }
  expect(back).toMatchObject({ status: 202, body: { accepted: 1, duplicates: 0 } });
});
