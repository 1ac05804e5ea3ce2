import { type Digest, Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { Images, type NewImage } from './images.js';
import { Pushes } from './pushes/pushes.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
}, 60_000);

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

const digestOf = (letter: string): Digest => `sha256:${letter.repeat(64)}`;

function imageOf(letter: string, platform: NewImage['platform']): NewImage {
  const built = { createdAt: null, baseCreatedAt: null, user: null, labels: {}, configVersion: null };
  const digest = digestOf(letter);
  return { digest, mediaType: 'm', configDigest: digest, platform, ...built, findings: [], layers: [] };
}

/** Pushes an image, or an index with some. */
async function push(digest: Digest, ...images: NewImage[]): Promise<string> {
  const claims = { claimedDigest: null, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
  const pushes = new Pushes(store);
  return store.transaction(async (tx) => {
    const [id] = await pushes.add(tx, [{ connection: 'main', repository: 'app', tag: '1', ...claims }]);
    await new Images(store).add(tx, images);
    const imageDigests = images.map((image) => image.digest);
    await pushes.resolved(tx, { id: id! } as never, {
      digest,
      mediaType: 'm',
      registryHost: 'r',
      imageDigests,
      isPlaced: true,
    });
    return id!;
  });
}

describe('Images.ofPushAndDigest', () => {
  it('reads the images of a push and those of a digest as one by one', async () => {
    const images = new Images(store);
    const [amd, arm] = [imageOf('a', 'linux/amd64'), imageOf('b', 'linux/arm64')];
    const alone = await push(amd.digest, amd);
    const index = await push(digestOf('f'), arm, amd);
    for (const [id, digest] of [
      [index, amd.digest],
      [alone, digestOf('f')],
      [alone, digestOf('0')],
    ] as const) {
      const { ofPush, ofDigest } = await images.ofPushAndDigest(id, digest);
      expect(ofPush).toEqual(await images.ofPush(id));
      expect(ofDigest).toEqual(await images.ofDigest(digest));
    }
    const { ofPush, ofDigest } = await images.ofPushAndDigest(index, null);
    expect(ofPush.map(({ digest }) => digest)).toEqual([amd.digest, arm.digest]);
    expect(ofDigest).toEqual([]);
  });
});

describe('Images.layersOf', () => {
  it('returns the layers of images in their order, and leaves out images that are too large', async () => {
    const images = new Images(store);
    const layerOf = (index: number, letter: string) => {
      const of = { diffId: digestOf(letter), digest: digestOf(letter), sizeBytes: 1 };
      return { ...of, index, mediaType: 'application/vnd.oci.image.layer.v1.tar' };
    };
    const large = { ...imageOf('c', 'linux/amd64'), layers: [layerOf(0, '1'), layerOf(1, '2'), layerOf(2, '3')] };
    const small = { ...imageOf('d', 'linux/amd64'), layers: [layerOf(0, '2')] };
    const empty = imageOf('e', 'linux/amd64');
    // More than one piece.
    const entries = Buffer.alloc(2 * 1024 * 1024 + 5, 'abcdefg');
    const read = { facts: Buffer.from('facts'), entries, entryCount: 3, uncompressedBytes: 9 };
    await store.transaction(async (tx) => {
      await images.add(tx, [large, small, empty]);
      for (const letter of ['1', '2']) {
        const claim = { blobDigest: digestOf(letter), sizeBytes: 1, diffId: digestOf(letter) };
        await images.layerAnalyzed(tx, claim, 'v1', read);
      }
    });
    const digests = [large.digest, small.digest, empty.digest];
    const all = await images.layersOf(digests, 6);
    expect(all.get(large.digest)!.map(({ diffId }) => diffId)).toEqual(['1', '2', '3'].map(digestOf));
    const [first, , unread] = all.get(large.digest)!;
    expect(entries.equals(first!.entries!)).toBe(true);
    expect([first!.facts, first!.analyzersVersion, first!.entryCount]).toEqual([read.facts, 'v1', 3]);
    expect([unread!.entries, unread!.facts, unread!.entryCount]).toEqual([null, null, 0]);
    expect(all.get(empty.digest)).toEqual([]);
    expect([...(await images.layersOf(digests, 5)).keys()]).toEqual([small.digest, empty.digest]);
    expect(await images.layers(small.digest, 2)).toBeNull();
  });
});
