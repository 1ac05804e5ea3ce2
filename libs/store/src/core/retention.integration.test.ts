import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from './data-source.js';
import { entities } from './entities.js';
import { retentionOf } from './retention.js';
import { Store } from './store.js';
import { deleteExpired } from './sweeper.js';

describe('retention', () => {
  let servers: ThrowAwayServers<{ postgres: true }>;
  let dataSource: DataSource;
  let store: Store;

  beforeAll(async () => {
    servers = await throwAwayServers({ postgres: true });
    dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
    store = new Store(dataSource, 'test');
  });

  afterAll(async () => {
    await dataSource?.destroy();
    await servers.stop();
  });

  it.each(entities.map((entity) => [entity.name, entity] as const))('is declared for %s', (_, entity) => {
    expect(retentionOf(entity)).toBeDefined();
  });

  it.each(['often', 'hourly'] as const)('has rules that PostgreSQL accepts: %s', async (pace) => {
    await expect(store.transaction((tx) => deleteExpired(tx, pace, 'test'))).resolves.toBe(false);
  });

  it('deletes a thousand rows a transaction, and no row that has not expired', async () => {
    await store.query(
      `INSERT INTO received (connection, delivery_key, received_at)
       SELECT 'c', n::text, now() - CASE WHEN n <= 1500 THEN interval '9 days' ELSE interval '7 days' END
       FROM generate_series(1, 1600) AS n`,
    );
    const count = async () =>
      (await store.query<{ count: number }>('SELECT count(*)::int AS count FROM received'))[0]!.count;
    expect(await store.transaction((tx) => deleteExpired(tx, 'often', 'test'))).toBe(true);
    expect(await count()).toBe(600);
    expect(await store.transaction((tx) => deleteExpired(tx, 'often', 'test'))).toBe(false);
    expect(await count()).toBe(100);
  });
});
