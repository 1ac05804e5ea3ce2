import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Secret } from '@tidewaiter/domain';
import { draft, sensorSilenced } from '@tidewaiter/events';
import type { RunningService } from '@tidewaiter/runtime';
import { connect, Deliveries, ManagedEntries, Store } from '@tidewaiter/store';
import { httpSink, throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { start } from './main.js';

let servers: ThrowAwayServers<{ postgres: true; nats: true; redis: true }>;
let dataSource: DataSource;
let store: Store;
let databaseUrl: string;
let folder: string;
let services: RunningService[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-routing-'));
  await writeFile(join(folder, 'tidewaiter.yaml'), 'management: { filesDir: ., allowPrivate: true }\n');
  await writeFile(join(folder, 'hook-url'), 'https://hook.example/');
  servers = await throwAwayServers({ postgres: true, nats: true, redis: true });
  databaseUrl = await servers.postgres.createDatabase();
  dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  services = [];
});

afterAll(async () => {
  for (const service of services) await service.stop();
  await dataSource.destroy();
  await servers.stop();
  await rm(folder, { recursive: true });
});

async function startNotifier(more: Record<string, string> = {}): Promise<void> {
  const environment = {
    TIDEWAITER_DATABASE_URL: databaseUrl,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_REDIS_URL: servers.redis.url,
    TIDEWAITER_CONFIG: join(folder, 'tidewaiter.yaml'),
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
  };
  services.push(await start({ ...environment, ...more }));
}

const routing = (receiver: string) =>
  `route: { receiver: ${receiver} }\nreceivers: [{ name: ${receiver}, webhook_configs: [{ url_file: hook-url }] }]\n`;

async function setRouting(text: string, before: number | null): Promise<void> {
  const change = { kind: 'routing' as const, name: 'routing', sealed: {}, author: 'ann', comment: null };
  await store.transaction(async (tx) =>
    new ManagedEntries(store).add(tx, { ...change, document: { text }, isDeleted: false, before }),
  );
}

async function routingVersion(): Promise<number | null> {
  return (await new ManagedEntries(store).get('routing', 'routing'))?.version ?? null;
}

async function loseSensor(sensor: string): Promise<void> {
  const at = '2026-01-02T03:04:05.000Z';
  const data = { sensor, kind: 'tetragon' as const, cluster: 'eu1', heardAt: at, silentSince: at };
  await store.transaction(async (tx) => tx.emit(draft(sensorSilenced, sensor, data)));
}

/** Receivers of messages, once there are as many. */
async function receivers(count: number): Promise<string[]> {
  for (const end = performance.now() + 20_000; ; await sleep(100)) {
    const { items } = await new Deliveries(store).list({ limit: 100 });
    if (items.length >= count || performance.now() > end) return items.map(({ receiver }) => receiver).toReversed();
  }
}

describe('the managed routing', () => {
  it('routes alerts at the start and after a change', async () => {
    await setRouting(routing('first'), null);
    await startNotifier();
    await loseSensor('one');
    expect(await receivers(1)).toEqual(['first']);
    await setRouting(routing('second'), 1);
    // The change is in effect after the next look and a reload.
    let last: string | undefined;
    for (let sent = 2; last !== 'second' && sent < 30; sent += 1) {
      await loseSensor(`number ${sent}`);
      last = (await receivers(sent)).at(-1);
    }
    expect(last).toBe('second');
  });

  it('holds beside a routing.yaml without any channel, such as the sample of `up`', async () => {
    await services.pop()!.stop();
    await writeFile(join(folder, 'routing.yaml'), 'route: { receiver: own }\nreceivers: [{ name: own }]\n');
    await startNotifier({ TIDEWAITER_ROUTING: join(folder, 'routing.yaml') });
    const { length } = await receivers(1);
    await loseSensor('beside a file');
    expect((await receivers(length + 1)).at(-1)).toBe('second');
  });

  it('holds messages back while one of its files cannot be read, and starts all the same', async () => {
    await services.pop()?.stop();
    const hook = await httpSink(() => ({ status: 200, body: {} }));
    const text = `route: { receiver: late, group_wait: 0s }\nreceivers: [{ name: late, webhook_configs: [{ url_file: late-url }] }]\n`;
    await setRouting(text, await routingVersion());
    await startNotifier();
    const [service] = services.slice(-1);
    const ready = await fetch(`${service!.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      200,
      expect.objectContaining({ configuration: 'ROUTING_INVALID' }),
    ]);
    await loseSensor('while it is unreadable');
    const until = async (isDone: () => Promise<boolean>) => {
      for (const end = performance.now() + 60_000; performance.now() < end; await sleep(100))
        if (await isDone()) return;
    };
    await until(async () => (await receivers(0)).includes('late'));
    await sleep(500);
    expect(hook.received).toEqual([]);
    await writeFile(join(folder, 'late-url'), hook.url);
    await until(async () => hook.received.length > 0);
    expect(hook.received).toHaveLength(1);
    await hook.stop();
  }, 150_000);

  it('is overridden by a routing.yaml with a channel, which the API shows', async () => {
    await services.pop()!.stop();
    await writeFile(join(folder, 'routing.yaml'), routing('own'));
    await startNotifier({ TIDEWAITER_ROUTING: join(folder, 'routing.yaml') });
    const reported = async () =>
      store.query<{ routing: string }>(
        "SELECT routing FROM service_configuration WHERE service = 'notifier' AND overridden = '{routing}'",
      );
    for (const end = performance.now() + 20_000; performance.now() < end; await sleep(100))
      if ((await reported()).length > 0) break;
    expect(await reported()).toEqual([{ routing: expect.stringContaining('url_file: hook-url') }]);
  });
});
