import { Secret } from '@tidewaiter/domain';
import { type ListName, listNames } from '@tidewaiter/query';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from './core/data-source.js';
import { Lists } from './core/lists.js';
import { Store } from './core/store.js';
import { rowLists } from './row-lists.js';

describe('rowLists', () => {
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

  it.each<ListName>(listNames)('names the rows of %s by a statement that PostgreSQL takes', async (name) => {
    const where = { kind: 'all', of: [] } as const;
    await expect(store.unlimited(async () => new Lists(store).named(rowLists[name], where, 10))).resolves.toEqual([]);
  });
});
