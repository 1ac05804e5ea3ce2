import { generateKeyPairSync } from 'node:crypto';

import { signOrder } from '@tidewaiter/containment';
import { Secret } from '@tidewaiter/domain';
import { containmentOrder, minerIncident, throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { connect } from '../core/data-source.js';
import { Store, type Transaction } from '../core/store.js';
import { Incidents } from '../incidents/incidents.js';
import { type ContainmentChange, ContainmentOrders, type NewContainmentOrder } from './containment-orders.js';
import { ContainmentSubjects } from './containment-subjects.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let orders: ContainmentOrders;

const incident = minerIncident();
const key = generateKeyPairSync('ed25519').privateKey;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  orders = new ContainmentOrders(store);
  await within(async (tx) => new Incidents(store).apply(tx, [{ kind: 'updated', incident }]));
});

afterEach(async () => dataSource.destroy());

afterAll(async () => servers.stop());

const within = async <Result>(work: (tx: Transaction) => Promise<Result>) => store.transaction(work);

async function ordered(changes: Partial<NewContainmentOrder> = {}): Promise<string> {
  const { action, subject, author, reason, cluster } = containmentOrder();
  const id = uuidv7();
  const order: NewContainmentOrder = {
    ...{ id, incidentId: incident.id, cluster, action, subject, author, reason, namespace: subject.namespace },
    ...{ dryRun: false, undoes: null, state: 'ordered', expiresAt: new Date(Date.now() + 60_000) },
    envelope: signOrder(containmentOrder({ id }), key),
    ...changes,
  };
  await within(async (tx) => orders.add(tx, order));
  return id;
}

const advance = async (id: string, change: Partial<ContainmentChange> & Pick<ContainmentChange, 'state'>) =>
  within(async (tx) => orders.advance(tx, id, { at: new Date(), actor: 'agent:eu1', ...change }));

const stateOf = async (id: string) => (await orders.get(id))?.state;

const lines = async () =>
  (await new Incidents(store).revisions(incident.id))
    .filter(({ kind }) => kind === 'containment')
    .map(({ actor, news }) => [actor, ...news]);

describe('ContainmentOrders', () => {
  it('gives the agent of a cluster its own orders until it reports', async () => {
    const id = await ordered();
    const [envelope] = await orders.waitingFor('eu1');
    expect(envelope).toEqual((await orders.get(id))?.envelope);
    expect(await orders.waitingFor('eu2')).toEqual([]);
    await advance(id, { state: 'accepted' });
    expect(await orders.waitingFor('eu1')).toEqual([]);
  });

  it('gives no order away whose time is over, and none that is not signed', async () => {
    await ordered({ expiresAt: new Date(Date.now() - 1) });
    await ordered({ state: 'requested', envelope: null });
    expect(await orders.waitingFor('eu1')).toEqual([]);
  });

  it('records each change once, with a line of the incident', async () => {
    const id = await ordered();
    const report = { calls: ['POST /x'], notes: [], before: { label: null }, uid: 'u' };
    expect(await advance(id, { state: 'accepted' })).toBe(true);
    expect(await advance(id, { state: 'done', report })).toBe(true);
    expect(await advance(id, { state: 'done', report })).toBe(false);
    expect(await advance(id, { state: 'refused' })).toBe(false);
    expect((await orders.transitions(id)).map(({ position, state, actor }) => [position, state, actor])).toEqual([
      [1, 'ordered', 'jane'],
      [2, 'accepted', 'agent:eu1'],
      [3, 'done', 'agent:eu1'],
    ]);
    expect((await orders.get(id))?.report).toEqual(report);
    expect(await lines()).toEqual([
      ['jane', 'Isolate shop/Deployment/web: ordered'],
      ['agent:eu1', 'Isolate shop/Deployment/web: done'],
    ]);
  });

  it('ends an order when its undo is done, and not for a dry run of it', async () => {
    const id = await ordered();
    await advance(id, { state: 'done' });
    await advance(await ordered({ undoes: id, dryRun: true }), { state: 'done' });
    expect(await stateOf(id)).toBe('done');
    await advance(await ordered({ undoes: id }), { state: 'done' });
    expect(await stateOf(id)).toBe('undone');
  });

  it('lets the first of two approvals sign a request', async () => {
    const id = await ordered({ state: 'requested', envelope: null });
    const envelope = signOrder(containmentOrder({ id }), key);
    const approval = { envelope, expiresAt: new Date(Date.now() + 60_000), by: 'max' };
    const approve = async () => within(async (tx) => orders.approve(tx, id, approval));
    expect(await Promise.all([approve(), approve()])).toEqual(expect.arrayContaining([true, false]));
    expect(await orders.get(id)).toMatchObject({ state: 'ordered', approvedBy: 'max', envelope });
  });

  it('expires what no agent accepted, and believes one that did it in time', async () => {
    const id = await ordered({ expiresAt: new Date(Date.now() - 1) });
    await ordered();
    expect(await within(async (tx) => orders.expireOverdue(tx))).toBe(1);
    expect(await stateOf(id)).toBe('expired');
    expect(await advance(id, { state: 'done' })).toBe(true);
    expect(await stateOf(id)).toBe('done');
  });
});

describe('ContainmentSubjects', () => {
  const workloads = [
    { cluster: 'eu1', workload: 'shop/Deployment/web', imageDigest: null, firstSeen: '', pods: ['web-1', 'web-2'] },
    { cluster: 'eu1', workload: 'shop/Job/import', imageDigest: null, firstSeen: '', pods: ['../../secrets'] },
    { cluster: null, workload: 'shop/Deployment/old', imageDigest: null, firstSeen: '', pods: [] },
  ];

  it('has what the incident names and the container ledger knows, without names that no object has', async () => {
    await store.query(`INSERT INTO container_ledger (container_id, cluster, node, namespace, pod, pod_uid,
      service_account, claimed_digests, first_seen, last_seen)
      VALUES ('c1', 'eu1', 'node-1', 'shop', 'web-1', 'u-1', 'web', '{}', now(), now())`);
    const subjects = await new ContainmentSubjects(store).of({ cluster: null, workloads });
    expect(
      subjects.map(({ cluster, subject: { kind, namespace, name, uid } }) => [cluster, kind, namespace, name, uid]),
    ).toEqual([
      ['eu1', 'Deployment', 'shop', 'web', null],
      ['eu1', 'Pod', 'shop', 'web-1', 'u-1'],
      ['eu1', 'Pod', 'shop', 'web-2', null],
      ['eu1', 'ServiceAccount', 'shop', 'web', null],
      ['eu1', 'Node', null, 'node-1', null],
    ]);
  });
});
