import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Secret, TidewaiterError } from '@tidewaiter/domain';
import type { RunningService } from '@tidewaiter/runtime';
import { connect, Incidents, Store } from '@tidewaiter/store';
import {
  type SinkAnswer,
  httpSink,
  type HttpSink,
  minerIncident,
  throwAwayServers,
  type ThrowAwayServers,
  uuidOf,
} from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { start } from '../main.js';

const alerts = 120;
/** How a channel answers the first try of a message; the next one it takes. */
const firstAnswers: SinkAnswer[] = [
  { status: 200 },
  { status: 429, headers: { 'retry-after': '1' } },
  { status: 200 },
  { status: 500 },
  { status: 200 },
  'hang',
  { status: 200 },
  'drop',
  { status: 200 },
];
/**
 * Three messages each: after five failures in a row the notifier leaves a channel alone for a
 * while, which is not what this is about.
 */
const channels = 40;

let servers: ThrowAwayServers<{ postgres: true; nats: true; redis: true }>;
let sink: HttpSink;
let home: string;
let notifier: RunningService;
let environment: Record<string, string>;
let dataSource: DataSource;
let store: Store;

const nameOf = (index: number) => `incident-${index}`;
const idOf = ({ headers }: HttpSink['received'][number]) => String(headers['webhook-id']);

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true, redis: true });
  const tries = new Set<string>();
  let firsts = 0;
  sink = await httpSink((request) => {
    if (tries.has(idOf(request))) return { status: 200 };
    tries.add(idOf(request));
    return firstAnswers[(firsts += 1) % firstAnswers.length]!;
  });
  home = mkdtempSync(join(tmpdir(), 'notifier-'));
  const numbers = Array.from({ length: channels }, (_, index) => index);
  writeFileSync(
    join(home, 'routing.yaml'),
    `
route:
  receiver: none
  routes: [ ${numbers.map((n) => `{ receiver: hook-${n}, matchers: [ 'cluster="c${n}"' ] }`).join(', ')} ]
receivers: [ { name: none }, ${numbers.map((n) => `{ name: hook-${n}, webhook_configs: [ { url: "${sink.url}/${n}", timeout: 2s } ] }`).join(', ')} ]
`,
  );
  const database = await servers.postgres.createDatabase();
  environment = {
    TIDEWAITER_DATABASE_URL: database,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_REDIS_URL: servers.redis.url,
    TIDEWAITER_ROUTING: join(home, 'routing.yaml'),
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
  };
  notifier = await start(environment);
  dataSource = await connect({ url: new Secret(database), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
}, 120_000);

afterAll(async () => {
  await notifier?.stop();
  await dataSource?.destroy();
  await Promise.all([sink?.stop(), servers?.stop()]);
  rmSync(home, { recursive: true, force: true });
}, 60_000);

/** As the detector, which tries again while PostgreSQL is away. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TidewaiterError)) throw error;
      await sleep(200);
    }
  }
}

const addAlert = async (index: number) => {
  const name = nameOf(index);
  const cluster = `c${index % channels}`;
  const incident = minerIncident({ id: uuidOf(name), title: name, openedBy: name, cluster });
  await patiently(() => store.transaction((tx) => new Incidents(store).apply(tx, [{ kind: 'opened', incident }])));
};

describe('chaos', () => {
  it('announces every alert once, whatever is killed and however channels answer', async () => {
    const restart = async (name: 'nats' | 'redis' | 'postgres') => {
      await servers[name].kill();
      await sleep(300);
      await servers[name].restart();
    };
    const kills = [
      () => restart('redis'),
      () => restart('postgres'),
      () => restart('nats'),
      async () => {
        await notifier.stop();
        notifier = await start(environment);
      },
      () => servers.redis.wipe(),
      () => servers.nats.wipe(),
    ];
    for (const [round, kill] of kills.entries()) {
      const killing = kill();
      for (let index = round; index < alerts; index += kills.length) await addAlert(index);
      await killing;
    }
    const open = async () =>
      patiently(() =>
        store.query<object>(`SELECT receiver, state, attempt, code, reason FROM delivery WHERE state <> 'sent'`),
      );
    const added = async () => patiently(() => store.query<object>('SELECT id FROM delivery'));
    for (const deadline = Date.now() + 300_000; (await added()).length < alerts || (await open()).length > 0;) {
      if (Date.now() > deadline)
        throw new Error(`${(await added()).length} added, open: ${JSON.stringify(await open())}`);
      await sleep(250);
    }
    // A repetition has the name of the first: the receiver drops it.
    const names = new Map<string, Set<string>>();
    for (const request of sink.received) {
      const { alerts: some } = request.body as { alerts: { annotations: { summary: string } }[] };
      for (const { annotations } of some) {
        names.set(annotations.summary, (names.get(annotations.summary) ?? new Set()).add(idOf(request)));
      }
    }
    expect([...names.keys()].toSorted()).toEqual(
      Array.from({ length: alerts }, (_, index) => nameOf(index)).toSorted(),
    );
    expect([...names].filter(([, ids]) => ids.size !== 1)).toEqual([]);
  }, 420_000);
});
