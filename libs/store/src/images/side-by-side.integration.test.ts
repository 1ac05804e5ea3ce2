import { createHash, randomUUID } from 'node:crypto';

import { type Digest, Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Store, type Transaction } from '../core/store.js';
import { FleetFiles } from './fleet-files.js';
import { Images } from './images.js';
import { Pushes } from './pushes/pushes.js';
import { TagLedger } from './pushes/tag-ledger.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let images: Images;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  images = new Images(store);
}, 60_000);

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

const digestOf = (text: string): Digest => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** A transaction that fails where it would wait for another one. */
async function unwaiting(work: (tx: Transaction) => Promise<unknown>): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.query(`SET LOCAL lock_timeout = '1s'`);
    await work(tx);
  });
}

/** Does the same for two images at the same time: one is not committed when the other begins. */
async function sideBySide(work: (tx: Transaction, name: string) => Promise<unknown>): Promise<void> {
  await store.transaction(async (tx) => {
    await work(tx, 'one');
    await unwaiting(async (other) => work(other, 'other'));
  });
}

describe('pushes side by side', () => {
  const repository = 'shop/app';
  const image = (name: string) => ({
    ...{ digest: digestOf(name), mediaType: 'm', configDigest: digestOf(name), platform: 'linux/amd64' as const },
    ...{ createdAt: null, baseCreatedAt: null, user: null, labels: {}, layers: [], findings: [], configVersion: null },
  });
  const packages = ['openssl', 'zlib'].map((name) => ({
    ...{ purl: `pkg:apk/alpine/${name}@1`, type: 'apk' as const, name, version: '1', licenses: [], layer: 0 },
    ...{ source: { name, version: '1' }, state: 'present' as const, foundIn: 'lib/apk/db/installed' },
    key: { ecosystem: 'Alpine', release: 'v3.20', names: [name] },
  }));
  const putPackages = async (tx: Transaction, name: string) =>
    images.analyzed(tx, digestOf(name), '1', { os: null, packages, warnings: [], findings: [], notEvaluated: [] });
  const script = { path: 'usr/local/bin/start', layer: 0, sha256: digestOf('script').slice(7), sizeBytes: 4 };
  const putFiles = async (tx: Transaction, name: string) =>
    new FleetFiles(store).put(tx, digestOf(name), [{ ...script, text: 'true', isSuspicious: false }]);

  beforeAll(async () => {
    await store.transaction(async (tx) => images.add(tx, ['first', 'one', 'other'].map(image)));
    await store.transaction(async (tx) => {
      await putPackages(tx, 'first');
      await putFiles(tx, 'first');
    });
  });

  it('store packages that the fleet has', async () => {
    await sideBySide(putPackages);
    const [first, other] = [await images.packages(digestOf('first')), await images.packages(digestOf('other'))];
    expect(first).toHaveLength(packages.length);
    expect(other).toEqual(first);
  });

  it('store files that other images have', async () => {
    await sideBySide(putFiles);
    const holders = await store.aggregate(
      'SELECT image_digest FROM fleet_file JOIN fleet_content USING (path, sha256)',
    );
    expect(holders).toHaveLength(3);
  });

  it('are placed under different tags of a repository, but not while the repository is compared', async () => {
    const ledger = new TagLedger(store);
    const pushes = new Pushes(store);
    const place = { connection: 'main', repository };
    const about = { artifact: 'image' as const, attachedTo: null, pushedBy: null, pushedAt: null };
    const added = async (tag: string) => {
      const [id = ''] = await store.transaction(async (tx) =>
        pushes.add(tx, [{ ...place, ...about, tag, claimedDigest: digestOf(tag) }]),
      );
      return (await pushes.get(id))!;
    };
    const put = async (tx: Transaction, tag: string) => {
      const push = await added(tag);
      await ledger.place(tx, push, digestOf(tag), { digest: digestOf(tag), askedAt: await ledger.now() });
    };
    await sideBySide(put);
    const tags = await ledger.tags(place, { tag: null, digest: null });
    expect(tags).toEqual(['one', 'other']);
    await store.transaction(async (tx) => {
      await ledger.lock(tx, place);
      await expect(unwaiting(async (other) => put(other, randomUUID()))).rejects.toMatchObject({
        code: 'STORE_TIMEOUT',
      });
    });
    await store.transaction(async (tx) => {
      await put(tx, 'one');
      await expect(unwaiting(async (other) => put(other, 'one'))).rejects.toMatchObject({ code: 'STORE_TIMEOUT' });
      await expect(unwaiting(async (other) => ledger.lock(other, place))).rejects.toMatchObject({
        code: 'STORE_TIMEOUT',
      });
    });
  });
});
