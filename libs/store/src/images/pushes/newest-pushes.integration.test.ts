import { type Digest, Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../../core/data-source.js';
import { Store, type Transaction } from '../../core/store.js';

const digests = ['a', 'b', 'c', 'd'].map((letter): Digest => `sha256:${letter.repeat(64)}`);
const idOf = (number: number) => `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`;

describe('newest push of an image', () => {
  let servers: ThrowAwayServers<{ postgres: true }>;
  let dataSource: DataSource;
  let store: Store;

  beforeAll(async () => {
    servers = await throwAwayServers({ postgres: true });
    dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 8, name: 'test' });
    store = new Store(dataSource, 'test');
    await store.query(
      `INSERT INTO image (digest, media_type, config_digest, platform, labels)
       SELECT digest, 'm', 'c', 'linux/amd64', '{}' FROM unnest($1::text[]) AS digest`,
      [digests],
    );
  });

  afterAll(async () => {
    await dataSource.destroy();
    await servers.stop();
  });

  async function push(tx: Transaction, number: number, images: readonly Digest[]): Promise<void> {
    await tx.query(
      `INSERT INTO push (id, connection, repository, artifact, received_at)
       VALUES ($1, 'main', 'shop/app', 'image', timestamptz '2026-01-01' + $2 * interval '1 hour')`,
      [idOf(number), number],
    );
    await tx.query('INSERT INTO push_image (push_id, image_digest) SELECT $1, unnest($2::text[])', [
      idOf(number),
      images,
    ]);
  }

  async function expectTrue(): Promise<void> {
    const wrong = await store.query(
      `SELECT image.digest, newest_push_id FROM image LEFT JOIN LATERAL (
         SELECT push_id, received_at FROM push_image JOIN push ON push.id = push_id
         WHERE image_digest = image.digest ORDER BY push_id DESC LIMIT 1) AS newest ON true
       WHERE (newest_push_id, pushed_at) IS DISTINCT FROM (push_id, received_at)`,
    );
    expect(wrong).toEqual([]);
  }

  async function newest(): Promise<(string | null)[]> {
    const rows = await store.query<{ id: string | null }>('SELECT newest_push_id AS id FROM image ORDER BY digest');
    return rows.map(({ id }) => id);
  }

  it('follows pushes of the same images at the same time, in any order', async () => {
    await Promise.all(
      Array.from({ length: 24 }, async (_, number) =>
        store.transaction(async (tx) =>
          push(tx, number, number % 2 === 0 ? digests.slice(0, 3) : digests.slice(0, 3).toReversed()),
        ),
      ),
    );
    await expectTrue();
    expect(await newest()).toEqual([idOf(23), idOf(23), idOf(23), null]);
  });

  it('is the one before when the newest is deleted, and none without any', async () => {
    await store.query('DELETE FROM push WHERE id = ANY($1)', [[idOf(23), idOf(22), idOf(3)]]);
    await expectTrue();
    await store.query('DELETE FROM push_image WHERE image_digest = $1', [digests[0]]);
    await expectTrue();
    expect(await newest()).toEqual([null, idOf(21), idOf(21), null]);
  });
});
