import { countBySeverity, Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../../core/data-source.js';
import { Store } from '../../core/store.js';
import { PushBaselines } from './push-baselines.js';
import { type Push, Pushes } from './pushes.js';

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let pushes: Pushes;
let baselines: PushBaselines;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  pushes = new Pushes(store);
  baselines = new PushBaselines(store);
}, 60_000);

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

/** Pushes a digest as `repository:tag`, and ends it unless `isPending`. */
async function push(
  repository: string,
  tag: string,
  letter: string,
  pushedBy = 'ci',
  isPending = false,
): Promise<Push> {
  const place = { connection: 'main', repository, tag, artifact: 'image', attachedTo: null, pushedAt: null };
  const [id = ''] = await store.transaction((tx) => pushes.add(tx, [{ ...place, claimedDigest: null, pushedBy }]));
  const added = (await pushes.get(id))!;
  const found = { digest: digestOf(letter), mediaType: 'm', registryHost: 'r:5000', imageDigests: [] };
  await store.transaction((tx) => pushes.resolved(tx, added, found));
  const verdict = { verdict: 'pass', counts: countBySeverity([]), warnings: [] } as const;
  if (!isPending) await store.transaction((tx) => pushes.analyzed(tx, id, verdict));
  return (await pushes.get(id))!;
}

describe('PushBaselines', () => {
  it('returns the digests of other tags before a push, newest first', async () => {
    await push('shop/app', '1.0.0', 'a');
    await push('shop/app', '1.0.1', 'b');
    await push('shop/app', '1.0.0', 'c', 'ann');
    await push('shop/other', '1.0.2', 'd');
    await push('shop/app', '1.0.9', 'e', 'ci', true);
    const current = await push('shop/app', '1.1.0', 'f');
    await push('shop/app', '1.2.0', 'd');
    const known = await baselines.otherTags(current, '1.1.0');
    expect(known.map(({ tag, digest, pushedBy, isAnalyzed }) => [tag, digest, pushedBy, isAnalyzed])).toEqual([
      ['1.0.9', digestOf('e'), 'ci', false],
      ['1.0.0', digestOf('c'), 'ann', true],
      ['1.0.1', digestOf('b'), 'ci', true],
    ]);
    const newest = async (limit: number) => baselines.newestTags(current, '1.1.0', limit);
    expect(await newest(5)).toEqual(known);
    expect(await newest(2)).toEqual(known.slice(0, 2));
  });

  it('returns the account that pushed the digest of a tag before', async () => {
    await push('shop/moved', '1', 'a', 'ci');
    const moved = await push('shop/moved', '1', 'b', 'mallory');
    expect(await baselines.pusherOf(moved, '1', digestOf('a'))).toBe('ci');
    expect(await baselines.pusherOf(moved, '1', digestOf('b'))).toBeNull();
  });

  it('are stored with the verdict of the push', async () => {
    const { id } = await push('shop/kept', '2.0.1', 'a', 'ci', true);
    const baseline = { tag: '2.0.0', digest: digestOf('b'), reason: 'previous-version', line: '2.0' } as const;
    const verdict = { verdict: 'pass', counts: countBySeverity([]), warnings: [] } as const;
    await store.transaction((tx) => pushes.analyzed(tx, id, verdict, baseline));
    expect((await pushes.get(id))?.comparedWith).toEqual(baseline);
  });
});
