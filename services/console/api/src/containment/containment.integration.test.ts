import { generateKeyPairSync } from 'node:crypto';

import { hubKeyText, readHubKey, verifyOrder } from '@tidewaiter/containment';
import { type AccessRole } from '@tidewaiter/domain';
import { ContainmentOrders, Incidents, Store } from '@tidewaiter/store';
import { minerIncident, startConsole, type TestConsole } from '@tidewaiter/testkit';

import { start } from '../main.js';

const key = generateKeyPairSync('ed25519').privateKey;
const incident = minerIncident({
  ...{ cluster: 'eu1', namespace: 'shop', workload: 'shop/Deployment/web' },
  workloads: [
    { cluster: 'eu1', workload: 'shop/Deployment/web', imageDigest: null, firstSeen: '', pods: ['web-5d-x'] },
  ],
});

let api: TestConsole;
let store: Store;
let orders: ContainmentOrders;
const tokens = new Map<AccessRole, string>();

beforeAll(async () => {
  api = await startConsole(start, {
    files: {
      'key.pem': key.export({ format: 'pem', type: 'pkcs8' }).toString(),
      'tidewaiter.yaml': 'containment: { signingKeyFile: key.pem, validFor: 5m }',
    },
  });
  store = api.store;
  orders = new ContainmentOrders(store);
  for (const role of ['viewer', 'responder', 'maintainer', 'admin'] as const)
    tokens.set(role, await api.tokenOf(role, role));
  await store.transaction(async (tx) => new Incidents(store).apply(tx, [{ kind: 'opened', incident }]));
  await store.query(`INSERT INTO container_ledger (container_id, cluster, node, namespace, pod, pod_uid,
    service_account, claimed_digests, first_seen, last_seen)
    VALUES ('c1', 'eu1', 'node-1', 'shop', 'web-5d-x', 'u-1', 'web', '{}', now(), now())`);
});

afterAll(async () => api.stop());

async function call(role: AccessRole, method: string, path: string, body?: object) {
  const answer = await fetch(`${api.url}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${tokens.get(role)!}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const web = { kind: 'Deployment', namespace: 'shop', name: 'web' };
const isolate = { action: 'isolate', cluster: 'eu1', subject: web, reason: 'a miner runs in it' };
const order = async (role: AccessRole, body: object = isolate) =>
  call(role, 'POST', `incidents/${incident.id}/containment`, body);

async function report(id: unknown, state: 'done' | 'refused'): Promise<void> {
  await store.transaction(async (tx) =>
    orders.advance(tx, String(id), { state, at: new Date(), actor: 'agent:eu1', report: null }),
  );
}

describe('containment', () => {
  it('offers the actions on the objects of the incident, with what they do', async () => {
    const { body } = await call('viewer', 'GET', `incidents/${incident.id}/containment`);
    const { isEnabled, offers } = body as { isEnabled: boolean; offers: { title: string; effects: string[] }[] };
    expect(isEnabled).toBe(true);
    expect(offers.map(({ title }) => title)).toEqual([
      ...['Label shop/Deployment/web', 'Label shop/Pod/web-5d-x', 'Label Node/node-1'],
      ...['Isolate shop/Deployment/web', 'Isolate shop/Pod/web-5d-x', 'Scale to zero shop/Deployment/web'],
      ...['Delete shop/Pod/web-5d-x', 'Cordon Node/node-1', 'Revoke the tokens of shop/ServiceAccount/web'],
    ]);
    expect(offers.every(({ effects }) => effects.length > 0)).toBe(true);
  });

  it('signs what a maintainer orders, for the agent of the cluster', async () => {
    const { status, body } = await order('maintainer');
    expect([status, body]).toEqual([200, expect.objectContaining({ state: 'ordered', author: 'maintainer' })]);
    const envelope = (await orders.waitingFor('eu1')).at(-1);
    const context = { keys: [readHubKey(hubKeyText(key))], cluster: 'eu1', now: Date.now() };
    expect(verifyOrder(envelope, context)).toMatchObject({
      ...{ id: body['id'], action: 'isolate', reason: 'a miner runs in it', dryRun: false, undoes: null },
      subject: { ...web, uid: null },
      incident: expect.stringMatching(/^INC-[0-9]+$/),
    });
  });

  it('lets a responder try and request, and a maintainer approve', async () => {
    expect(await order('responder', { ...isolate, dryRun: true })).toMatchObject({ body: { state: 'ordered' } });
    const before = (await orders.waitingFor('eu1')).length;
    const { body } = await order('responder');
    expect(body).toMatchObject({ state: 'requested', author: 'responder' });
    expect(await orders.waitingFor('eu1')).toHaveLength(before);
    expect((await call('responder', 'POST', `containment/${String(body['id'])}/approve`)).status).toBe(403);
    const approve = async () => call('maintainer', 'POST', `containment/${String(body['id'])}/approve`);
    expect(await approve()).toMatchObject({ body: { state: 'ordered', approvedBy: 'maintainer' } });
    expect(await approve()).toMatchObject({ status: 409, body: { code: 'CONTAINMENT_STATE' } });
    expect(await orders.waitingFor('eu1')).toHaveLength(before + 1);
  });

  it.each([
    ['another cluster', { cluster: 'us1' }],
    ['another namespace', { subject: { ...web, namespace: 'kube-system' } }],
    ['an object of no workload of the incident', { subject: { ...web, name: 'db' } }],
    ['a path for a name', { subject: { ...web, name: '../secrets' } }],
    ['an action for other kinds', { action: 'delete-pod' }],
  ])('refuses %s', async (_, change) => {
    expect(await order('admin', { ...isolate, ...change })).toMatchObject({
      ...{ status: 400, body: { code: 'CONTAINMENT_SUBJECT_UNKNOWN' } },
    });
  });

  it('refuses an order without a reason', async () => {
    expect((await order('admin', { ...isolate, reason: ' ' })).status).toBe(400);
    expect((await order('viewer')).status).toBe(403);
  });

  it('orders the undo of what was done, and of nothing else', async () => {
    const { id } = (await order('maintainer')).body;
    const undo = async (of = id) => call('maintainer', 'POST', `containment/${String(of)}/undo`, { reason: 'over' });
    expect(await undo()).toMatchObject({ status: 409, body: { code: 'CONTAINMENT_STATE' } });
    await report(id, 'done');
    const { body } = await undo();
    expect(body).toMatchObject({ state: 'ordered', undoes: id, action: 'isolate' });
    await report(body['id'], 'done');
    expect(await call('viewer', 'GET', `containment/${String(id)}`)).toMatchObject({
      body: { state: 'undone', transitions: [{ state: 'ordered' }, { state: 'done' }, { state: 'undone' }] },
    });
    expect((await undo()).status).toBe(409);
    expect((await undo(body['id'])).status).toBe(409);
  });

  it('is in the timeline of the incident and in the audit log', async () => {
    await order('maintainer', { ...isolate, action: 'scale-to-zero' });
    const { timeline } = (await call('viewer', 'GET', `incidents/${incident.id}`)).body as {
      timeline: { title: string; detail: string }[];
    };
    expect(timeline).toContainEqual(
      expect.objectContaining({
        title: 'Containment',
        detail: 'by maintainer · Scale to zero shop/Deployment/web: ordered',
      }),
    );
    const audit = await call('admin', 'GET', 'audit?limit=200');
    const { items } = audit.body as { items: { action: string; details: object }[] };
    expect(items[0]).toMatchObject({ actor: 'maintainer', details: { after: { action: 'scale-to-zero' } } });
    for (const act of ['ordered', 'approved', 'undone'])
      expect(items).toContainEqual(expect.objectContaining({ action: `containment.${act}`, actor: 'maintainer' }));
  });

  it('lists orders by cluster and state', async () => {
    const list = async (query: string) =>
      (await call('viewer', 'GET', `containment?${query}`)).body as { items: { state: string }[] };
    const { items } = await list('state=undone&cluster=eu1');
    expect(items.map(({ state }) => state)).toEqual(['undone']);
    expect((await list('cluster=us1')).items).toEqual([]);
    expect((await list('limit=200')).items.length).toBeGreaterThan(4);
  });

  it('knows no order and no incident that are not there', async () => {
    for (const path of [
      `containment/${incident.id}`,
      `incidents/${'0'.repeat(8)}-0000-4000-8000-000000000000/containment`,
    ])
      expect((await call('viewer', 'GET', path)).status).toBe(404);
  });
});
