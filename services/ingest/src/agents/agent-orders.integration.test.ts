import { generateKeyPairSync } from 'node:crypto';

import { issueOrder } from '@tidewaiter/containment';
import { Secret } from '@tidewaiter/domain';
import type { RunningService } from '@tidewaiter/runtime';
import { ClusterCredentials, Clusters, connect, ContainmentOrders, Incidents, Store } from '@tidewaiter/store';
import { containmentOrder, minerIncident, throwAwayServers, type ThrowAwayServers, uuidOf } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { start } from '../main.js';

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let ingest: RunningService;
let dataSource: DataSource;
let store: Store;
let orders: ContainmentOrders;
const credentials = new Map<string, string>();

const incident = minerIncident();
const key = generateKeyPairSync('ed25519').privateKey;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
  const databaseUrl = await servers.postgres.createDatabase();
  ingest = await start({
    TIDEWAITER_DATABASE_URL: databaseUrl,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
  });
  dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  orders = new ContainmentOrders(store);
  for (const name of ['eu1', 'us1']) {
    const token = (await new Clusters(store).invite(name)).token.reveal();
    const issued = await new ClusterCredentials(store).join(token, { version: '1', instance: name });
    credentials.set(name, issued.credential.reveal());
  }
  await store.transaction(async (tx) => new Incidents(store).apply(tx, [{ kind: 'opened', incident }]));
});

afterAll(async () => {
  await dataSource.destroy();
  await ingest.stop();
  await servers.stop();
});

async function call(cluster: string | null, path: string, body?: object) {
  const answer = await fetch(`${ingest.url}/agent/v1/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: cluster === null ? {} : { authorization: `Bearer ${credentials.get(cluster)!}` },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? null : (JSON.parse(text) as Record<string, unknown>) };
}

async function ordered(name: string): Promise<string> {
  const { action, subject, author, reason, cluster, dryRun, undoes } = containmentOrder();
  const order = { id: uuidOf(name), action, subject, author, reason, cluster, dryRun, undoes };
  const issued = issueOrder({ ...order, incident: 'INC-1' }, { key, now: Date.now(), validForMs: 60_000 });
  const row = { ...order, ...issued, incidentId: incident.id, namespace: subject.namespace, state: 'ordered' as const };
  await store.transaction(async (tx) => orders.add(tx, row));
  return order.id;
}

const report = (state: string) => ({
  ...{ state, at: new Date().toISOString(), code: null, detail: null, evidence: null },
  report: { calls: ['PATCH /x'], notes: [], before: { replicas: 3 }, uid: 'u' },
});

describe('orders of an agent', () => {
  it('are those of its cluster, until it reports', async () => {
    const id = await ordered('first');
    const { envelope } = (await orders.get(id))!;
    expect(await call('eu1', 'orders')).toEqual({ status: 200, body: { orders: [envelope] } });
    expect(await call('us1', 'orders')).toEqual({ status: 200, body: { orders: [] } });
    expect((await call('eu1', `orders/${id}`, report('accepted'))).status).toBe(204);
    expect((await call('eu1', `orders/${id}`, report('done'))).status).toBe(204);
    expect((await call('eu1', 'orders')).body).toEqual({ orders: [] });
    expect(await orders.get(id)).toMatchObject({ state: 'done', report: { before: { replicas: 3 } } });
    expect((await orders.transitions(id)).map(({ actor }) => actor)).toEqual(['jane', 'agent:eu1', 'agent:eu1']);
  });

  it('are not changed by the agent of another cluster, by a repeated report and by one about nothing', async () => {
    const id = await ordered('second');
    expect((await call('us1', `orders/${id}`, report('done'))).status).toBe(204);
    expect((await orders.get(id))?.state).toBe('ordered');
    for (const state of ['refused', 'done']) await call('eu1', `orders/${id}`, report(state));
    expect((await orders.get(id))?.state).toBe('refused');
    expect((await call('eu1', `orders/${uuidOf('none')}`, report('done'))).status).toBe(204);
  });

  it('need the credential, and a report in its form', async () => {
    const id = uuidOf('second');
    expect((await call(null, 'orders')).status).toBe(401);
    expect((await call(null, `orders/${id}`, report('done'))).status).toBe(401);
    expect((await call('eu1', 'orders/x', report('done'))).status).toBe(400);
    // States that only the hub sets.
    for (const state of ['ordered', 'undone', 'requested'])
      expect((await call('eu1', `orders/${id}`, report(state))).status).toBe(400);
  });
});
