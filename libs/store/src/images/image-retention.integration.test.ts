import { type Digest, type ImagePackage, Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Store, type Transaction } from '../core/store.js';
import { ImageRetention } from './image-retention.js';
import { Images } from './images.js';
import { Pushes } from './pushes/pushes.js';
import { TagLedger } from './pushes/tag-ledger.js';

const connection = 'harbor';
const repository = 'shop/app';
const place = { connection, repository };

/** A digest that begins with letters of its name, so that a failure names it. */
const digestOf = (name: string): Digest => `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64)}`;
const nameOf = (digest: string) => Buffer.from(digest.slice(7), 'hex').toString().replaceAll('\0', '');

describe('ImageRetention', () => {
  let servers: ThrowAwayServers<{ postgres: true }>;
  let dataSource: DataSource;
  let store: Store;
  let pushes: Pushes;
  let images: Images;
  let retention: ImageRetention;

  beforeAll(async () => {
    servers = await throwAwayServers({ postgres: true });
  });

  beforeEach(async () => {
    dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
    store = new Store(dataSource, 'test');
    pushes = new Pushes(store);
    images = new Images(store);
    retention = new ImageRetention(store);
  });

  afterEach(async () => {
    await dataSource.destroy();
  });

  afterAll(async () => {
    await servers.stop();
  });

  /** An image with a layer and a package of its own, and one of each that all images share. */
  async function addImage(tx: Transaction, name: string): Promise<void> {
    const layers = ['base', name].map((layer, index) => ({
      index,
      digest: digestOf(`blob ${layer}`),
      diffId: digestOf(`layer ${layer}`),
      mediaType: 'm',
      sizeBytes: 1,
    }));
    await images.add(tx, [
      {
        digest: digestOf(name),
        mediaType: 'm',
        configDigest: digestOf(name),
        platform: 'linux/amd64',
        user: null,
        labels: {},
        createdAt: null,
        baseCreatedAt: null,
        findings: [],
        configVersion: null,
        layers,
      },
    ]);
    const analysis = { facts: Buffer.of(), entries: Buffer.of(), entryCount: 0, uncompressedBytes: 1 };
    for (const { digest: blobDigest, sizeBytes, diffId } of layers) {
      await images.layerAnalyzed(tx, { blobDigest, sizeBytes, diffId }, '1', analysis);
    }
    const packages = ['base', name].map((each): ImagePackage & { key: null } => ({
      type: 'generic',
      name: each,
      version: '1',
      purl: `pkg:generic/${encodeURIComponent(each)}@1`,
      source: { name: each, version: '1' },
      licenses: [],
      foundIn: 'x',
      layer: 0,
      state: 'present',
      key: null,
    }));
    await images.analyzed(tx, digestOf(name), '1', {
      os: null,
      packages,
      warnings: [],
      findings: [],
      notEvaluated: [],
    });
  }

  interface TestPush {
    tag?: string | null;
    days: number;
    state?: 'analyzed' | 'analyzing' | 'refused';
    /** Images of the index; without any, the digest is that of an image. */
    holds?: string[];
    in?: string;
  }

  async function push(name: string, { tag = null, days, state = 'analyzed', holds, in: where = repository }: TestPush) {
    return store.transaction(async (tx) => {
      const place = { connection, repository: where };
      const [id] = await pushes.add(tx, [
        { ...place, tag, claimedDigest: null, artifact: 'image', pushedBy: null, pushedAt: null, attachedTo: null },
      ]);
      await tx.query(`UPDATE push SET received_at = now() - $2::int * interval '1 day' WHERE id = $1`, [id, days]);
      for (const image of holds ?? [name]) await addImage(tx, image);
      const found = {
        digest: digestOf(name),
        mediaType: 'm',
        registryHost: 'h',
        imageDigests: (holds ?? [name]).map(digestOf),
      };
      await pushes.resolved(tx, { id: id!, ...place, tag } as never, found);
      await tx.query('UPDATE push SET state = $2 WHERE id = $1', [id, state]);
      await tx.query(`UPDATE tag_ledger SET recorded_at = now() - $2::int * interval '1 day' WHERE push_id = $1`, [
        id,
        days,
      ]);
      await tx.query(`UPDATE image SET analyzed_at = now() - $2::int * interval '1 day' WHERE digest = ANY($1)`, [
        (holds ?? [name]).map(digestOf),
        days,
      ]);
      return id!;
    });
  }

  const names = async (sql: string) =>
    (await store.query<{ digest: string }>(sql)).map(({ digest }) => nameOf(digest)).toSorted();
  const imageNames = async () => names('SELECT digest FROM image');
  const pushNames = async () => names('SELECT digest FROM push');

  it('deletes exactly the images that nothing refers to, with what only they have', async () => {
    await push('replaced', { tag: 'latest', days: 200 });
    await push('current', { tag: 'latest', days: 190 });
    await push('never tagged', { days: 200 });
    await push('young', { tag: 'nightly', days: 20 });
    await push('younger', { tag: 'nightly', days: 10 });
    await push('good', { tag: 'broken', days: 200 });
    await push('bad', { tag: 'broken', days: 150, state: 'refused' });
    await push('runs', { tag: 'v', days: 200 });
    await push('index', { tag: 'v', days: 190, holds: ['arm', 'amd'] });
    await push('incident', { tag: 'v', days: 180 });
    await push('used', { tag: 'v', days: 170 });
    await push('waits', { tag: 'v', days: 160, state: 'analyzing' });
    await push('last', { tag: 'v', days: 150 });
    await push('gone', { tag: 'deleted', days: 150 });
    await store.query(
      `INSERT INTO tag_ledger (connection, repository, tag, at, position) VALUES ($1, $2, 'deleted', now(), 9)`,
      [connection, repository],
    );
    await store.query(
      `INSERT INTO container_ledger (container_id, claimed_digests, first_seen, last_seen) VALUES ('a', $1, now(), now()), ('b', $2, now(), now())`,
      [[digestOf('runs')], [digestOf('index')]],
    );
    await store.query(
      `INSERT INTO package_use (image_digest, package, how, first_seen, last_seen) VALUES ($1, 'p', 'loaded', now(), now())`,
      [digestOf('used')],
    );
    for (const [name, state] of [
      ['incident', 'open'],
      ['replaced', 'resolved'],
    ] as const) {
      await store.query(
        `INSERT INTO incident (id, story_id, title, severity, state, count, image_digest, first_seen, last_seen, opened_by, evidence)
         VALUES (gen_random_uuid(), gen_random_uuid(), 't', 'high', $2, 1, $1, '', '', '', '[]')`,
        [digestOf(name), state],
      );
    }

    expect(await retention.deleteImages(90)).toBe(3);
    const kept = 'amd arm bad current good incident last runs used waits young younger'.split(' ');
    expect(await imageNames()).toEqual(kept);
    expect(await retention.deleteUnused()).toEqual({
      layer_failure: 0,
      layer_blob: 3,
      layer: 3,
      package: 3,
      package_content: 0,
    });
    const packages = await store.query<{ name: string }>('SELECT name FROM package');
    expect(packages.map(({ name }) => name).toSorted()).toEqual([...kept, 'base'].toSorted());
    expect(await names('SELECT diff_id AS digest FROM layer')).toEqual(
      [...kept, 'base'].map((name) => `layer ${name}`).toSorted(),
    );
    expect(await retention.deleteImages(90)).toBe(0);
  });

  it('deletes replaced pushes and those of deleted tags, and keeps the last verdict of a tag', async () => {
    await push('oldest', { tag: 'latest', days: 400 });
    await push('good', { tag: 'latest', days: 300 });
    await push('bad', { tag: 'latest', days: 200, state: 'refused' });
    await push('young', { tag: 'other', days: 100 });
    await push('only', { tag: 'stable', days: 400 });
    await push('untagged', { days: 400 });
    await push('elsewhere', { tag: 'x', days: 400, in: 'other/app' });
    await push('runs', { tag: 'v', days: 400, holds: ['arm'] });
    await push('next', { tag: 'v', days: 300 });
    await push('promoted', { tag: 'dev', days: 400 });
    await push('newer', { tag: 'dev', days: 300 });
    await push('promoted', { tag: 'prod', days: 350 });
    await store.query(
      `INSERT INTO container_ledger (container_id, claimed_digests, first_seen, last_seen) VALUES ('a', $1, now(), now())`,
      [[digestOf('runs')]],
    );
    await store.query(
      `INSERT INTO tag_ledger (connection, repository, tag, at, recorded_at, position)
       VALUES ($1, 'other/app', 'x', now(), now() - interval '400 days', 9)`,
      [connection],
    );

    expect(await retention.deletePushes(180)).toBe(3);
    expect(await pushNames()).toEqual('bad good newer next only promoted promoted runs young'.split(' '));
    expect(await names(`SELECT coalesce(digest, 'sha256:') AS digest FROM tag_ledger`)).toEqual(
      'bad good newer next only promoted promoted runs young'.split(' '),
    );
    expect(await retention.deletePushes(180)).toBe(0);
  });

  it('keeps an image that is pushed again at the same moment, with its layers and packages', async () => {
    await push('replaced', { tag: 'latest', days: 200 });
    await push('current', { tag: 'latest', days: 190 });
    const begun = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const pushing = store.transaction(async (tx) => {
      const [id] = await pushes.add(tx, [
        {
          ...place,
          tag: 'again',
          claimedDigest: null,
          artifact: 'image',
          pushedBy: null,
          pushedAt: null,
          attachedTo: null,
        },
      ]);
      await addImage(tx, 'replaced');
      begun.resolve();
      await finish.promise;
      const found = { digest: digestOf('replaced'), mediaType: 'm', registryHost: 'h' };
      await pushes.resolved(tx, { id: id!, ...place, tag: 'again' } as never, {
        ...found,
        imageDigests: [digestOf('replaced')],
      });
    });
    await begun.promise;
    // The deletion finds the image expired, and waits for the push.
    const deleting = retention.deleteImages(90);
    await waitingFor('advisory');
    finish.resolve();
    await pushing;
    expect(await deleting).toBe(0);
    expect(await imageNames()).toEqual(['current', 'replaced']);
    expect(await retention.deleteUnused()).toMatchObject({ layer: 0, package: 0 });
  });

  it('keeps a layer that a new image uses at the same moment', async () => {
    await store.transaction((tx) => addImage(tx, 'orphan'));
    await store.query('DELETE FROM image');
    const begun = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const pushing = store.transaction(async (tx) => {
      await addImage(tx, 'orphan');
      begun.resolve();
      await finish.promise;
    });
    await begun.promise;
    const deleting = retention.deleteUnused();
    await waitingFor('advisory');
    finish.resolve();
    await pushing;
    expect(await deleting).toMatchObject({ layer_blob: 0, layer: 0, package: 0 });
  });

  it('keeps a push that becomes current again at the same moment', async () => {
    const id = await push('replaced', { tag: 'latest', days: 400 });
    await push('current', { tag: 'latest', days: 300 });
    const begun = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const looking = store.transaction(async (tx) => {
      const tags = new Map([['latest', digestOf('replaced')]]);
      await new TagLedger(store).observed(tx, place, tags, { askedAt: new Date().toISOString() });
      begun.resolve();
      await finish.promise;
    });
    await begun.promise;
    const deleting = retention.deletePushes(180);
    await waitingFor('advisory');
    finish.resolve();
    await looking;
    await deleting;
    expect(await store.query('SELECT id FROM push WHERE id = $1', [id])).toHaveLength(1);
  });

  async function waitingFor(locktype: string): Promise<void> {
    for (;;) {
      const waiting = await store.query('SELECT FROM pg_locks WHERE locktype = $1 AND NOT granted', [locktype]);
      if (waiting.length > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
});
