import { settlePushes } from '@tidewaiter/detection';
import { countBySeverity, findingOf, Secret, type Severity } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../../core/data-source.js';
import { Store } from '../../core/store.js';
import { Images } from '../images.js';
import { Provenances } from './provenances.js';
import { PushIdentities } from './push-identities.js';
import { type Push, Pushes } from './pushes.js';
import { SuspectPushes } from './suspect-pushes.js';

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
}, 60_000);

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

interface PushedTo {
  isVersion?: boolean;
  connection?: string;
  pushedAt?: string;
  /** Evidence of its findings. */
  evidence?: Record<string, unknown>;
  severity?: Severity;
}

/** An analyzed push with supply-chain findings of its tag. */
async function push(letter: string, tag: string, ids: string[], to: PushedTo = {}): Promise<Push> {
  const { connection = 'main', pushedAt = null, evidence = {}, severity = 'high', isVersion = true } = to;
  const [pushes, identities] = [new Pushes(store), new PushIdentities(store)];
  const claims = { claimedDigest: null, artifact: 'image', attachedTo: null, pushedBy: 'mallory', pushedAt };
  const place = { connection, repository: 'rel/tool', tag };
  const [id = ''] = await store.transaction((tx) => pushes.add(tx, [{ ...place, ...claims }]));
  const added = (await pushes.get(id))!;
  const digest = digestOf(letter);
  const build = { createdAt: null, baseCreatedAt: null, user: null, labels: {}, findings: [], layers: [] };
  const image = {
    mediaType: 'm',
    configDigest: digest,
    platform: 'linux/amd64' as const,
    configVersion: null,
    ...build,
  };
  const known = { severity, layer: null, state: 'present', evidence } as const;
  const findings = ids.map((each) =>
    findingOf({ ...known, kind: 'supply-chain', id: each, title: each, fingerprint: `${each} ${tag}` }),
  );
  await store.transaction(async (tx) => {
    await new Images(store).add(tx, [{ digest, ...image }]);
    await pushes.resolved(tx, added, { digest, mediaType: 'm', registryHost: 'r:5000', imageDigests: [digest] });
    await pushes.analyzed(tx, id, { verdict: 'fail', counts: countBySeverity([]), warnings: [] });
  });
  const push = (await pushes.get(id))!;
  await store.transaction(async (tx) => {
    await new Provenances(store).putOfTag(tx, place, digest, findings);
    const identity = { images: [], pusher: 'mallory', pipeline: null };
    await identities.put(tx, push, { identity, isVersion, warnings: [] });
    await identities.noteSigns(tx, id, []);
  });
  return push;
}

describe('SuspectPushes', () => {
  it('are decided once, with all tags that one account moved in one incident', async () => {
    const suspects = new SuspectPushes(store);
    await push('a', 'v3', []);
    const clean = await push('a', 'v4', []);
    const moved = [
      await push('b', 'v3', ['release-tag-moved', 'identity-missing']),
      await push('b', 'v4', ['release-tag-moved', 'identity-missing']),
    ];
    expect(await suspects.isInIncident(clean.id)).toBe(false);
    expect(await suspects.isInIncident(moved[0]!.id)).toBeNull();
    const latest = await push('b', 'latest', [], { isVersion: false });
    const isReported = async () => suspects.isInIncident(latest.id);
    expect(await isReported()).toBeNull();
    const waiting = await store.transaction((tx) => suspects.waiting(tx));
    expect(waiting).toMatchObject([
      { tag: 'v3', registry: 'r:5000', digest: digestOf('b'), previousDigest: digestOf('a'), pushedBy: 'mallory' },
      { tag: 'v4', imageDigests: [digestOf('b')], findings: [{ id: 'identity-missing' }, { id: 'release-tag-moved' }] },
    ]);
    const { pushIds, inIncident, alerts } = settlePushes(waiting, [], Date.now() + 60_000);
    expect([alerts.length, inIncident]).toEqual([2, moved.map(({ id }) => id)]);
    await store.transaction((tx) => suspects.settle(tx, pushIds, inIncident));
    expect(await suspects.isInIncident(moved[0]!.id)).toBe(true);
    expect(await isReported()).toBe(true);
    const others = [
      await push('b', 'v9', []),
      await push('c', 'latest', [], { isVersion: false }),
      await push('b', 'latest', [], { isVersion: false, connection: 'mirror' }),
    ];
    for (const { id } of others) expect(await suspects.isInIncident(id)).toBe(false);
    expect(await store.transaction((tx) => suspects.waiting(tx))).toEqual([]);
    expect(await store.transaction((tx) => suspects.known(tx))).toHaveLength(2);
  }, 60_000);

  it('name the two contents of an altered build, and whether they were reported before', async () => {
    const suspects = new SuspectPushes(store);
    const evidence = { previousDigest: digestOf('c') };
    const ids = ['same-revision-different-content'];
    const alterations = async () => {
      const waiting = await store.transaction((tx) => suspects.waiting(tx));
      return waiting.map((each) => [each.connection, each.tag, each.alterations]);
    };
    const settleAll = async () => {
      const waiting = await store.transaction((tx) => suspects.waiting(tx));
      const { pushIds, inIncident, alerts } = settlePushes(
        waiting,
        await store.transaction((tx) => suspects.known(tx)),
        Date.now() + 60_000,
      );
      await store.transaction((tx) => suspects.settle(tx, pushIds, inIncident));
      return alerts.length;
    };
    const pair = { previousDigest: digestOf('c'), digest: digestOf('d') };
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString();
    await push('d', 'v5', ids, { evidence, pushedAt: hourAgo });
    // Only other dependencies: no altered build.
    await push('e', 'v5-rebuilt', ids, { evidence, pushedAt: hourAgo, severity: 'medium' });
    expect(await alterations()).toEqual([
      ['main', 'v5', [{ ...pair, isReported: false }]],
      ['main', 'v5-rebuilt', []],
    ]);
    expect(await settleAll()).toBeGreaterThan(0);

    await push('d', 'v5', ids, { evidence, connection: 'mirror' });
    expect(await alterations()).toEqual([['mirror', 'v5', [{ ...pair, isReported: true }]]]);
    expect(await settleAll()).toBe(0);
    await push('f', 'v5', ids, { evidence, connection: 'mirror' });
    expect(await alterations()).toEqual([['mirror', 'v5', [{ ...pair, digest: digestOf('f'), isReported: false }]]]);
  }, 60_000);
});
