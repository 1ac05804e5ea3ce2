import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../../core/data-source.js';
import { Store } from '../../core/store.js';
import { Images } from '../images.js';
import { type Push, Pushes } from './pushes.js';
import { TagHistories } from './tag-histories.js';
import { TagLedger } from './tag-ledger.js';

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const here = { connection: 'main', repository: 'shop/app' };

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let pushes: Pushes;
let histories: TagHistories;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
}, 60_000);

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  pushes = new Pushes(store);
  histories = new TagHistories(store);
});

afterEach(async () => dataSource.destroy());
afterAll(async () => servers.stop());

interface Given {
  tag?: string;
  repository?: string;
  connection?: string;
  configDigest?: string;
  platform?: string;
}

/** Pushes an image without layers. */
async function push(letter: string, given: Given = {}): Promise<Push> {
  const { tag = '1.2.3', repository = here.repository, connection = here.connection, ...image } = given;
  const claims = { claimedDigest: null, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
  const [id] = await store.transaction((tx) => pushes.add(tx, [{ connection, repository, tag, ...claims }]));
  const added = (await pushes.get(id!))!;
  const digest = digestOf(letter);
  const build = {
    createdAt: null,
    baseCreatedAt: null,
    user: null,
    labels: {},
    findings: [],
    layers: [],
    configVersion: null,
  };
  const described = { mediaType: 'm', configDigest: digest, platform: 'linux/amd64' as const, ...build };
  await store.transaction(async (tx) => {
    await new Images(store).add(tx, [{ digest, ...described, ...image }]);
    const found = { digest, mediaType: 'm', registryHost: `${connection}:5000`, imageDigests: [digest] };
    await pushes.resolved(tx, added, found);
  });
  return (await pushes.get(id!))!;
}

describe('TagHistories.contentBefore', () => {
  const before = async ({ id }: Push) => (await histories.contentBefore(id))?.digest ?? null;

  it('returns the previous digest of the same tag', async () => {
    const first = await push('a');
    const other = await push('b', { tag: '2.0.0' });
    const moved = await push('b');
    const elsewhere = await push('b', { repository: 'shop/web' });
    expect(await Promise.all([first, other, moved, elsewhere].map(before))).toEqual([null, null, digestOf('a'), null]);
  });

  it('ignores repeated pushes and deletions of the tag', async () => {
    await push('a');
    const ledger = new TagLedger(store);
    const askedAt = await ledger.now();
    await store.transaction((tx) => ledger.observed(tx, here, new Map([['1.2.3', null]]), { askedAt }));
    await push('b');
    expect(await before(await push('b'))).toBe(digestOf('a'));
  });

  it('ignores repacked images', async () => {
    await push('a', { configDigest: digestOf('c') });
    expect(await before(await push('b', { configDigest: digestOf('c') }))).toBeNull();
  });
});

describe('TagHistories.of', () => {
  it('returns the earlier digests of a tag and their other names', async () => {
    await push('a', { tag: '1.2' });
    await push('a', { tag: '1.2.0' });
    await push('b', { tag: '1.2' });
    const last = await push('c', { tag: '1.2' });
    const { earlier, alsoNamed } = await histories.of(last.id, { ...here, tag: '1.2' });
    expect(earlier.map(({ digest }) => digest)).toEqual([digestOf('a'), digestOf('b')]);
    expect(alsoNamed).toEqual([{ tag: '1.2.0', digest: digestOf('a'), atMs: expect.any(Number) as number }]);
    expect(alsoNamed[0]!.atMs).toBeGreaterThan(earlier[0]!.atMs);
  });
});

describe('TagHistories.elsewhere', () => {
  const elsewhere = async ({ id }: Push) => (await histories.elsewhere(id)).map(({ registry }) => registry);

  it('returns another image under the same name in another registry', async () => {
    await push('a');
    await push('c', { connection: 'third', tag: '2.0.0' });
    expect(await elsewhere(await push('b', { connection: 'mirror' }))).toEqual(['main:5000']);
  });

  it('ignores copies, other platforms and replaced images', async () => {
    await push('a');
    expect(await elsewhere(await push('a', { connection: 'mirror' }))).toEqual([]);
    expect(await elsewhere(await push('b', { connection: 'arm', platform: 'linux/arm64' }))).toEqual([]);
    await push('d', { tag: '3.0.0' });
    await push('e', { tag: '3.0.0' });
    expect(await elsewhere(await push('e', { connection: 'mirror', tag: '3.0.0' }))).toEqual([]);
  });
});
