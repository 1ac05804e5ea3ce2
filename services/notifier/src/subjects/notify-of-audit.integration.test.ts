import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Secret } from '@tidewaiter/domain';
import type { RunningService } from '@tidewaiter/runtime';
import { type AuditAction, AuditLog, connect, Deliveries, Store } from '@tidewaiter/store';
import { httpSink, throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { start } from '../main.js';

let servers: ThrowAwayServers<{ postgres: true; nats: true; redis: true }>;
let dataSource: DataSource;
let store: Store;
let log: AuditLog;
let service: RunningService;
let folder: string;
let sink: Awaited<ReturnType<typeof httpSink>>;
/** Status of the answers of the collector. */
let status = 200;

beforeAll(async () => {
  sink = await httpSink(() => ({ status, body: { text: 'Success', code: 0 } }));
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-audit-'));
  const splunk = (path: string, more = '') => `splunk_hec_configs: [{ url: '${sink.url}/${path}', token: t${more} }]`;
  const routing = `
route: { receiver: plain }
receivers:
  - { name: siem, ${splunk('siem', ', audit: true')} }
  - { name: other, ${splunk('other', ', audit: true')}, fallback: plain }
  - { name: plain, ${splunk('plain')} }
`;
  await writeFile(join(folder, 'routing.yaml'), routing);
  servers = await throwAwayServers({ postgres: true, nats: true, redis: true });
  const databaseUrl = await servers.postgres.createDatabase();
  dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  log = new AuditLog(store);
  service = await start({
    TIDEWAITER_DATABASE_URL: databaseUrl,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_REDIS_URL: servers.redis.url,
    TIDEWAITER_ROUTING: join(folder, 'routing.yaml'),
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
  });
});

afterAll(async () => {
  await service?.stop();
  await dataSource?.destroy();
  await servers.stop();
  await sink.stop();
  await rm(folder, { recursive: true });
});

const act = async (action: AuditAction, subject: string) =>
  log.during({ actor: 'ann', action, address: '192.0.2.1' }, async () =>
    store.transaction(async (tx) => tx.record({ subject, before: null, after: { secretPlan: subject } })),
  );

/** Paths and subjects of the events that the collector got, once there are as many. */
async function received(count: number): Promise<string[]> {
  for (const end = performance.now() + 20_000; performance.now() < end; await sleep(50))
    if (sink.received.length >= count) break;
  return sink.received
    .map(({ path, text }) => `${path.split('/')[1]} ${(JSON.parse(text) as Sent).event.unmapped.subject}`)
    .toSorted((a, b) => a.localeCompare(b));
}

interface Sent {
  event: { class_uid: number; unmapped: { subject: string; details: object } };
}

describe('entries of the audit log', () => {
  it('go once to each channel that asks for them, also when their event comes again', async () => {
    await act('silence.created', 'first');
    expect(await received(2)).toEqual(['other first', 'siem first']);
    const [{ text } = { text: '' }] = sink.received;
    expect((JSON.parse(text) as Sent).event).toMatchObject({
      ...{ class_uid: 6003, actor: { user: { name: 'ann' } }, src_endpoint: { ip: '192.0.2.1' } },
      unmapped: { action: 'silence.created', details: { before: null, after: { secretPlan: 'first' } } },
    });
    await store.query(`UPDATE outbox SET published_at = NULL, confirmed_at = NULL`);
    await store.query(`DELETE FROM inbox`);
    await act('sign-in.failed', 'second');
    expect(await received(4)).toEqual(['other first', 'other second', 'siem first', 'siem second']);
    await sleep(500);
    expect(sink.received).toHaveLength(4);
  });

  it('show no content to readers of deliveries', async () => {
    const { items } = await new Deliveries(store).list({ limit: 10 });
    const stories = await Promise.all(items.map(async ({ id }) => new Deliveries(store).story(id)));
    expect(stories).toHaveLength(4);
    expect(JSON.stringify(stories)).not.toMatch(/secretPlan|"ann"|192\.0\.2\.1|silence\.created/);
  });

  it('do not fall back to a receiver that asks for none', async () => {
    status = 400;
    await act('silence.created', 'refused');
    await received(6);
    const failed = async () => store.query(`SELECT FROM delivery WHERE state = 'failed'`);
    for (const end = performance.now() + 20_000; performance.now() < end; await sleep(50))
      if ((await failed()).length === 2) break;
    expect(await failed()).toHaveLength(2);
    expect(await store.query(`SELECT FROM delivery WHERE receiver = 'plain'`)).toEqual([]);
  });
});
