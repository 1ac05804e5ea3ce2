import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import { ContainerLedger, persistedClaims, type ContainerView, type WorkloadView } from '@tidewaiter/workloads';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { deleteExpired } from '../core/sweeper.js';
import { Images } from '../images/images.js';
import { PackageUses } from '../images/package-use.js';
import { LearnedHabits } from '../incidents/learned-habits.js';
import { countWorkloads, WorkloadLedger } from './workload-ledger.js';

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const hour = 3_600_000;

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let ledger: WorkloadLedger;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  ledger = new WorkloadLedger(store);
});

afterEach(async () => dataSource.destroy());
afterAll(async () => servers.stop());

const put = async (...containers: ContainerView[]) => store.transaction((tx) => ledger.put(tx, containers));

const container = (id: string, more: Partial<ContainerView> = {}): ContainerView => ({
  id: id.padEnd(64, '0'),
  name: 'app',
  kind: 'app',
  cluster: 'eu1',
  node: 'node-1',
  pod: { cluster: 'eu1', namespace: 'shop', name: `api-${id}` },
  podUid: null,
  serviceAccount: 'api',
  workload: { cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name: 'api' },
  digest: digestOf('a'),
  claimedDigests: [digestOf('a')],
  repository: 'registry.example.com/shop/api',
  tag: '1',
  privileged: false,
  overrides: ['command'],
  startedAtMs: Date.now() - hour,
  endedAtMs: null,
  firstSeenMs: Date.now() - hour,
  lastSeenMs: Date.now(),
  ...more,
});

describe('WorkloadLedger', () => {
  it('returns stored containers to the millisecond, so that a ledger loaded from it is equal', async () => {
    const known = container('1');
    await put(known);
    const kept = await ledger.since(new Date(0));
    expect(kept).toEqual([known]);
    const restarted = new ContainerLedger();
    for (const each of kept) restarted.add(persistedClaims(each));
    expect(restarted.container(known.id)).toMatchObject({ digest: known.digest, workload: known.workload });
    expect(await ledger.since(new Date(0), { cluster: 'eu1', node: 'node-2' })).toEqual([]);
  });

  it('keeps known values, and replaces a truncated id by the whole one', async () => {
    const whole = container('ab12cd34ef56');
    const cut = { ...whole, id: whole.id.slice(0, 31), digest: null, workload: null, podUid: null };
    await put({ ...cut, id: whole.id.slice(0, 12) }, cut);
    await put(whole);
    const later = {
      ...whole,
      digest: null,
      claimedDigests: [],
      node: null,
      endedAtMs: whole.lastSeenMs,
      firstSeenMs: whole.lastSeenMs,
    };
    await put(later);
    expect(await ledger.since(new Date(0))).toEqual([{ ...whole, endedAtMs: whole.lastSeenMs }]);
  });

  it('keeps a container, also one of a truncated id, from the claims of another cluster for a day', async () => {
    const [quiet, busy] = [container('aa', { lastSeenMs: Date.now() - 25 * hour }), container('bb')];
    const cut = container('cc', { id: `cc${'0'.repeat(10)}` });
    await put(quiet, busy, cut);
    const forged = (known: ContainerView) => ({
      ...known,
      cluster: 'eu2',
      digest: digestOf('b'),
      endedAtMs: Date.now(),
    });
    await put(forged(quiet), forged(busy), forged(container('cc')));
    const kept = new Map((await ledger.since(new Date(0))).map((each) => [each.id, each]));
    expect(kept.get(quiet.id)).toMatchObject({ cluster: 'eu2' });
    expect(kept.get(busy.id)).toMatchObject({ cluster: 'eu1', digest: digestOf('a'), endedAtMs: null });
    expect(kept.get(cut.id)).toMatchObject({ cluster: 'eu1', endedAtMs: null });
  });

  it('returns the workloads that run an image', async () => {
    const areRunning = async (letter: string) => new Images(store).areRunning([digestOf(letter)]);
    expect(await areRunning('a')).toBeUndefined();
    const old = { lastSeenMs: Date.now() - 30 * 24 * hour, firstSeenMs: Date.now() - 31 * 24 * hour };
    await put(
      container('1'),
      container('2', { endedAtMs: Date.now() }),
      container('3', { workload: { cluster: 'eu1', namespace: 'shop', kind: 'Job', name: 'old' }, ...old }),
      container('4', { digest: digestOf('b'), endedAtMs: Date.now() }),
      container('6', { digest: digestOf('d'), ...old }),
      container('5', { digest: digestOf('c'), cluster: null, pod: null, workload: null }),
    );
    const workload = { cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name: 'api' };
    await store.transaction((tx) =>
      ledger.putWorkloads(tx, [
        {
          ...workload,
          imageDigests: [],
          namespaceLabels: {},
          exposed: true,
          privileged: null,
          serviceAccount: null,
          replicas: 1,
          probes: [],
        },
      ]),
    );
    expect(await ledger.running([digestOf('a')])).toMatchObject([
      { ...workload, digest: digestOf('a'), containers: 2, running: 1, exposed: true },
    ]);
    expect(await Promise.all(['a', 'b', 'c', 'd', 'e'].map(areRunning))).toEqual([true, true, true, false, false]);
    const counted = await countWorkloads(store, [[digestOf('a'), digestOf('b')], [digestOf('c')], []]);
    expect(counted).toEqual([1, 0, 0]);
  });

  it('returns stored workloads and keeps known values', async () => {
    const workload: WorkloadView = {
      ...{ cluster: null, namespace: 'shop', kind: 'Deployment', name: 'checkout', imageDigests: [], replicas: 1 },
      ...{
        namespaceLabels: { role: 'debug' },
        exposed: false,
        privileged: null,
        serviceAccount: 'sa',
        probes: ['true'],
      },
    };
    const keep = async (more: Partial<WorkloadView>) =>
      store.transaction((tx) => ledger.putWorkloads(tx, [{ ...workload, ...more }]));
    await keep({});
    await keep({ namespaceLabels: {}, exposed: null, serviceAccount: null, probes: [], replicas: 2 });
    expect(await ledger.workloadsSince(new Date(0))).toEqual([{ ...workload, replicas: 2 }]);
    await keep({ namespaceLabels: { role: 'ci' }, probes: ['false'], exposed: true });
    expect(await ledger.workloadsSince(new Date(0))).toMatchObject([
      { namespaceLabels: { role: 'ci' }, probes: ['false'], exposed: true },
    ]);
    expect(await ledger.workloadsSince(new Date(Date.now() + hour))).toEqual([]);
  });

  it('deletes workloads that were not seen for long, except those with containers', async () => {
    const workload = { imageDigests: [], namespaceLabels: {}, exposed: null, privileged: null, serviceAccount: null };
    const of = (name: string) => ({
      ...{ cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name, replicas: 1, probes: [] },
      ...workload,
    });
    await store.transaction((tx) => ledger.putWorkloads(tx, [of('runs'), of('gone')]));
    await put(container('1', { workload: { cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name: 'runs' } }));
    await store.query(`UPDATE workload SET seen_at = '2026-01-01'`);
    await store.transaction((tx) => deleteExpired(tx, 'hourly', 'test'));
    expect((await ledger.workloadsSince(new Date(0))).map(({ name }) => name)).toEqual(['runs']);
  });

  it('deletes containers that were not seen for long', async () => {
    await put(container('1'), container('2', { lastSeenMs: 1000, firstSeenMs: 1000 }));
    await store.transaction((tx) => deleteExpired(tx, 'hourly', 'test'));
    expect(await ledger.since(new Date(0))).toHaveLength(1);
  });

  it('accepts thousands at once, also from two writers', async () => {
    const many = Array.from({ length: 3000 }, (_, index) => container(index.toString(16).padStart(12, '0')));
    await Promise.all([put(...many), put(...many)]);
    expect(await ledger.since(new Date(0))).toHaveLength(3000);
  });

  it('records the use of packages once each', async () => {
    const uses = new PackageUses(store);
    const use = (at: number) => ({
      imageDigest: digestOf('a'),
      package: 'curl',
      how: 'executed' as const,
      firstSeen: new Date(at),
      lastSeen: new Date(at),
    });
    await store.transaction(async (tx) => uses.put(tx, [use(2000), use(3000)]));
    await store.transaction(async (tx) => uses.put(tx, [use(1000)]));
    expect(await uses.of([digestOf('a')])).toEqual([{ ...use(1000), lastSeen: new Date(3000) }]);
  });

  it('stores learned habits from several writers', async () => {
    const habits = new LearnedHabits(store);
    const habit = (firstSeenMs: number, lastSeenMs: number) => ({
      kind: 'source' as const,
      subject: 'ci:runner',
      value: '10.0.0.1',
      firstSeenMs,
      lastSeenMs,
    });
    await store.transaction(async (tx) => habits.put(tx, [habit(2000, 3000), habit(2500, 5000)]));
    await store.transaction(async (tx) => habits.put(tx, [habit(1000, 1500)]));
    expect(await habits.since(new Date(0))).toEqual([habit(1000, 5000)]);
    await store.transaction((tx) => deleteExpired(tx, 'hourly', 'test'));
    expect(await habits.since(new Date(0))).toEqual([]);
  });
});
