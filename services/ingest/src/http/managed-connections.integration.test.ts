import { setTimeout as sleep } from 'node:timers/promises';

import { type EntryKind, type JsonObject, Secret } from '@tidewaiter/domain';
import { type RunningService, seal } from '@tidewaiter/runtime';
import { connect, ManagedEntries, Store } from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { start } from '../main.js';

const key = 'a key of this test with more than 32 characters';
const registry = { name: 'hub', kind: 'distribution', url: 'https://hub.example.com' };

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let services: RunningService[];
let dataSource: DataSource;
let store: Store;
let databaseUrl: string;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
  databaseUrl = await servers.postgres.createDatabase();
  dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  services = [];
});

afterAll(async () => {
  for (const service of services) await service.stop();
  await dataSource.destroy();
  await servers.stop();
});

async function startIngest(url: string): Promise<RunningService> {
  const service = await start({
    TIDEWAITER_DATABASE_URL: url,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_ENTRY_KEY: key,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
  });
  services.push(service);
  return service;
}

async function addEntry(kind: EntryKind, document: JsonObject, path: string, secret: string): Promise<void> {
  const name = document['name'] as string;
  const sealed = { [path]: seal(secret, new Secret(key), { kind, name, path, document }) };
  const change = { kind, name, document, sealed, author: 'ann', comment: null, isDeleted: false, before: null };
  await store.transaction(async (tx) => new ManagedEntries(store).add(tx, change));
}

const post = async ({ url }: RunningService, path: string, secret: string, body: object): Promise<number> => {
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
  return (await fetch(`${url}/hooks/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).status;
};

/** Status of a hook, once it is no longer that of the state before. */
async function statusAfter(before: number, ask: () => Promise<number>): Promise<number> {
  for (const end = performance.now() + 20_000; ; await sleep(100)) {
    const status = await ask();
    if (status !== before || performance.now() > end) return status;
  }
}

describe('managed connections', () => {
  it('are accepted by their secrets when ingest starts, and soon after they are added', async () => {
    await addEntry('registries', registry, 'webhookSecret', 'hook-secret');
    const service = await startIngest(databaseUrl);
    expect(await post(service, 'registry/hub', 'hook-secret', { events: [] })).toBe(202);
    expect(await post(service, 'registry/hub', 'wrong', { events: [] })).toBe(401);
    const ask = () => post(service, 'runtime/nodes', 'sensor-token', { rule: 'x', output: 'y', time: '2026-01-01' });
    expect(await ask()).toBe(404);
    await addEntry('sensors', { name: 'nodes', kind: 'falco' }, 'token', 'sensor-token');
    expect(await statusAfter(404, ask)).toBe(202);
  });

  it('are asked to send again while PostgreSQL is away', async () => {
    const away = new URL(databaseUrl);
    away.port = '1';
    const service = await startIngest(away.href);
    expect(await post(service, 'registry/hub', 'hook-secret', { events: [] })).toBe(503);
  });
});
