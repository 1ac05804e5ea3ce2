import { type ObjectFinding, Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { type EvaluatedObject, WorkloadFindings } from './workload-findings.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let findings: WorkloadFindings;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  findings = new WorkloadFindings(store);
});

afterEach(async () => dataSource.destroy());
afterAll(async () => servers.stop());

const finding = (check: string, more: Partial<ObjectFinding> = {}): ObjectFinding => ({
  check,
  severity: 'high',
  title: `The container app of Deployment shop/web fails ${check}`,
  container: 'app',
  field: 'spec.template.spec.containers[0]',
  fingerprint: `f-${check}`,
  ...more,
});

/** A state of the Deployment `web`, or of something of its. */
const state = (
  version: number,
  checks: readonly (string | ObjectFinding)[],
  more: Partial<EvaluatedObject> = {},
): EvaluatedObject => ({
  ...{
    cluster: 'eu1',
    namespace: 'shop',
    kind: 'Deployment',
    name: 'web',
    workload: { kind: 'Deployment', name: 'web' },
  },
  version: String(version),
  changedAt: '2026-01-02T03:04:05Z',
  isGone: false,
  findings: checks.map((check) => (typeof check === 'string' ? finding(check) : check)),
  ...more,
});

const podOf = (
  name: string,
  version: number,
  checks: readonly (string | ObjectFinding)[],
  more: Partial<EvaluatedObject> = {},
) => state(version, checks, { kind: 'Pod', name, ...more });

const put = async (...evaluated: EvaluatedObject[]) => store.transaction((tx) => findings.put(tx, evaluated));
const open = async () => (await findings.list({ limit: 200 })).items.map(({ check }) => check).toSorted();
const ended = async () =>
  (await findings.list({ limit: 200 }, { state: 'ended' })).items.map(({ check }) => check).toSorted();

/** Where and when the rows of both tables were written last. */
const written = async () =>
  store.query('SELECT ctid, xmin FROM workload_finding UNION ALL SELECT ctid, xmin FROM workload_object ORDER BY 1');

describe('WorkloadFindings', () => {
  it('opens, ends and reopens findings by the newest state', async () => {
    await put(state(1, ['a', 'b']));
    expect(await open()).toEqual(['a', 'b']);
    const [first] = (await findings.list({ limit: 1 }, { check: 'a' })).items;
    await put(state(2, ['b']));
    expect([await open(), await ended()]).toEqual([['b'], ['a']]);
    await put(state(3, ['a', 'b']));
    expect([await open(), await ended()]).toEqual([['a', 'b'], []]);
    const [again] = (await findings.list({ limit: 1 }, { check: 'a' })).items;
    expect(again).toMatchObject({ id: first?.id, firstSeen: first?.firstSeen, endedAt: null });
  });

  it('ignores late states in any order', async () => {
    const states = [state(1, ['a', 'b']), state(2, ['b', 'c']), state(3, ['c']), state(4, [], { isGone: true })];
    const orders = permutations(states.slice(0, 3)).flatMap((order) => [order, order.flatMap((each) => [each, each])]);
    for (const [number, order] of orders.entries()) {
      const cluster = `c${number}`;
      for (const each of order) await put({ ...each, cluster });
      const { items } = await findings.list({ limit: 10 }, { cluster });
      expect(items.map(({ check }) => check)).toEqual(['c']);
      for (const each of [states[3]!, ...order]) await put({ ...each, cluster });
      expect((await findings.list({ limit: 10 }, { cluster })).items).toEqual([]);
    }
  });

  it('applies a history in one batch like one state at a time', async () => {
    await put(state(3, ['c']), state(1, ['a']), podOf('web-1', 5, ['x']), state(2, ['b']));
    expect([await open(), await ended()]).toEqual([['c', 'x'], []]);
  });

  it('writes nothing for repeated and late states', async () => {
    await put(state(2, ['a']), podOf('web-1', 5, ['a']));
    const before = await written();
    await put(state(2, ['a']), podOf('web-1', 5, ['a']), state(1, ['b']));
    await put(state(2, ['a']), state(2, ['a']));
    expect(await written()).toEqual(before);
  });

  it('writes no finding for a newer version with equal findings', async () => {
    await put(state(1, ['a']));
    const rows = async () => store.query('SELECT ctid, xmin FROM workload_finding');
    const before = await rows();
    await put(state(2, ['a']));
    expect(await rows()).toEqual(before);
    // Version 2 is known all the same.
    await put(state(1, ['b']));
    expect(await open()).toEqual(['a']);
  });

  it('stores findings of newer checks about the same version', async () => {
    await put(state(1, ['a']));
    await put(state(1, ['a', 'b']));
    expect(await open()).toEqual(['a', 'b']);
  });

  it('derives findings from pods while their workload is unknown, once for all replicas', async () => {
    await put(podOf('web-1', 1, ['a', 'b']), podOf('web-2', 2, ['a', 'b']), podOf('web-3', 3, ['a']));
    expect(await open()).toEqual(['a', 'b']);
    const { items } = await findings.list({ limit: 10 });
    expect(items.map(({ workload }) => workload)).toEqual(
      Array(2).fill({ cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name: 'web' }),
    );
    await put(podOf('web-1', 4, [], { isGone: true }));
    expect(await open()).toEqual(['a', 'b']);
    await put(podOf('web-2', 5, [], { isGone: true }));
    expect([await open(), await ended()]).toEqual([['a'], ['b']]);
    await put(podOf('web-3', 6, [], { isGone: true }));
    expect(await open()).toEqual([]);
  });

  it('adds findings of a pod that differs from its manifest while it runs', async () => {
    await put(podOf('web-1', 1, ['a', 'old']));
    await put(state(2, ['a']));
    expect(await open()).toEqual(['a', 'old']);
    await put(podOf('web-2', 3, ['a', 'sidecar']));
    await put(podOf('web-1', 4, [], { isGone: true }));
    expect([await open(), await ended()]).toEqual([['a', 'sidecar'], ['old']]);
    await put(state(5, [], { isGone: true }));
    expect(await open()).toEqual(['a', 'sidecar']);
    await put(podOf('web-2', 6, [], { isGone: true }));
    expect(await open()).toEqual([]);
  });

  it('moves the findings of a pod whose name another workload takes', async () => {
    await put(podOf('web-0', 1, ['a']));
    await put(podOf('web-0', 2, ['a'], { workload: { kind: 'StatefulSet', name: 'web' } }));
    const { items } = await findings.list({ limit: 10 });
    expect(items.map(({ workload: { kind } }) => kind)).toEqual(['StatefulSet']);
  });

  it('separates clusters and namespaces, and shows current titles', async () => {
    await put(state(1, ['a']), state(1, ['a'], { cluster: null }), state(1, ['a'], { namespace: 'other' }));
    await put(state(2, [finding('a', { title: 'names b:2', severity: 'low' })]));
    const { items } = await findings.list({ limit: 10 });
    const shown = items.map(({ workload: { cluster, namespace }, title, severity }) => [
      cluster,
      namespace,
      title,
      severity,
    ]);
    const { title } = finding('a');
    expect(shown).toHaveLength(3);
    expect(shown).toEqual(
      expect.arrayContaining([
        ['eu1', 'other', title, 'high'],
        [null, 'shop', title, 'high'],
        ['eu1', 'shop', 'names b:2', 'low'],
      ]),
    );
  });

  it('lists by page and filter, and counts open findings', async () => {
    const many = Array.from({ length: 7 }, (_, number) =>
      finding(`k8s-${number}`, { severity: number < 2 ? 'critical' : 'low' }),
    );
    await put(
      state(1, many),
      state(1, ['z'], { namespace: 'other', name: 'api', workload: { kind: 'Deployment', name: 'api' } }),
    );
    const first = await findings.list({ limit: 5 }, { namespace: 'shop' });
    const rest = await findings.list({ limit: 5, after: first.next! }, { namespace: 'shop' });
    expect([...first.items, ...rest.items].map(({ id }) => Number(id))).toEqual(
      [...first.items, ...rest.items].map(({ id }) => Number(id)).toSorted((a, b) => b - a),
    );
    expect([first.items.length, rest.items.length, rest.next]).toEqual([5, 2, null]);
    const checks = async (filter: object) =>
      (await findings.list({ limit: 9 }, filter)).items.map(({ check }) => check);
    expect((await checks({ severity: 'critical' })).toSorted()).toEqual(['k8s-0', 'k8s-1']);
    expect(await checks({ check: 'k8s-3' })).toEqual(['k8s-3']);
    expect(await checks({ kind: 'Deployment', name: 'api' })).toEqual(['z']);
    expect(await checks({ cluster: 'eu2' })).toEqual([]);
    expect(await findings.openCounts()).toMatchObject({ critical: 2, high: 1, low: 5, medium: 0 });
  });

  it('finds the workloads that run an image', async () => {
    const digest = `sha256:${'a'.repeat(64)}` as const;
    await put(state(1, ['a']), state(1, ['b'], { name: 'api', workload: { kind: 'Deployment', name: 'api' } }));
    await store.query(
      `INSERT INTO container_ledger (container_id, cluster, namespace, workload_kind, workload, image_digest, claimed_digests, first_seen, last_seen)
     VALUES ('c1', 'eu1', 'shop', 'Deployment', 'web', $1, '{}', now(), now())`,
      [digest],
    );
    const { items } = await findings.list({ limit: 9 }, { image: digest });
    expect(items.map(({ check }) => check)).toEqual(['a']);
  });

  it('ends findings of vanished workloads and deletes old ones', async () => {
    await put(state(1, ['a']), state(1, ['b'], { name: 'api', workload: { kind: 'Deployment', name: 'api' } }));
    await store.query(
      `INSERT INTO container_ledger (container_id, cluster, namespace, workload_kind, workload, claimed_digests, first_seen, last_seen)
     VALUES ('c1', 'eu1', 'shop', 'Deployment', 'web', '{}', now(), now())`,
    );
    await findings.forget(new Date(Date.now() - 60_000));
    expect(await open()).toEqual(['a', 'b']);
    await findings.forget(new Date(Date.now() + 60_000));
    expect(await open()).toEqual(['a']);
    await findings.forget(new Date(Date.now() + 60_000));
    expect(await ended()).toEqual([]);
  });

  it('converges when replicas store different states at once', async () => {
    const states = Array.from({ length: 20 }, (_, index) => state(index + 1, index === 19 ? ['last'] : [`v${index}`]));
    await Promise.all(states.map(async (each) => put(each)));
    expect(await open()).toEqual(['last']);
  });

  it('accepts a workload of a thousand pods', async () => {
    const checks = Array.from({ length: 40 }, (_, number) => `k8s-${number}`);
    const pods = Array.from({ length: 1_000 }, (_, number) => podOf(`web-${number}`, number + 1, checks));
    await put(...pods);
    const began = performance.now();
    for (const pod of pods.slice(0, 20)) await put({ ...pod, version: '5000', isGone: true, findings: [] });
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(await open()).toHaveLength(40);
  });

  it('accepts the first sight and the end of a cluster of many workloads', async () => {
    const checks = Array.from({ length: 25 }, (_, number) => `k8s-${number}`);
    const pods = Array.from({ length: 3_000 }, (_, number) =>
      podOf(`pod-${number}`, number + 1, checks, { workload: { kind: 'Deployment', name: `app-${number % 150}` } }),
    );
    const began = performance.now();
    for (let start = 0; start < pods.length; start += 500) await put(...pods.slice(start, start + 500));
    expect((await findings.openCounts()).high).toBe(150 * checks.length);
    const gone = pods.map((pod, number) => ({ ...pod, version: `${number + 5_000}`, isGone: true, findings: [] }));
    for (let start = 0; start < gone.length; start += 500) await put(...gone.slice(start, start + 500));
    expect((await findings.openCounts()).high).toBe(0);
    // With a plan that compares all of them with each other it is a minute.
    expect(performance.now() - began).toBeLessThan(15_000);
  });

  it('limits the differing pods of a workload to the newest', async () => {
    const pods = Array.from({ length: 1_000 }, (_, number) =>
      podOf(`web-${number}`, number + 1, [`k8s-${number}`], {
        changedAt: new Date(1e12 + number * 1_000).toISOString(),
      }),
    );
    await put(...pods);
    expect((await open()).length).toBe(200);
    expect(await open()).toContain('k8s-999');
    await put(state(2_000, ['own']));
    expect((await open()).length).toBe(200);
    expect(await open()).toContain('own');
  });

  it.each(['\0', '\ud800', `'; DROP TABLE workload_finding; --`])('stores a hostile title: %j', async (title) => {
    await put(state(1, [finding('a', { title, container: title })]));
    expect(await open()).toEqual(['a']);
  });

  function permutations<Item>(items: readonly Item[]): Item[][] {
    if (items.length < 2) return [[...items]];
    return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));
  }
});
