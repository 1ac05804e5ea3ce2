import { Secret } from '@tidewaiter/domain';
import { connect, FileEntries, ManagedEntries, Store } from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';

import { overriddenOf } from './database.js';

let servers: ThrowAwayServers<{ postgres: true }>;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

afterAll(async () => servers.stop());

describe('overriddenOf', () => {
  it('names managed entries that tidewaiter.yaml or a routing.yaml overrides', async () => {
    const url = await servers.postgres.createDatabase();
    expect(await overriddenOf(url)).toEqual([]);
    const dataSource = await connect({ url: new Secret(url), poolSize: 2, name: 'test' });
    const store = new Store(dataSource, 'test');
    const change = { sealed: {}, author: 'ann', comment: null, isDeleted: false, before: null };
    const entry = { kind: 'signers' as const, name: 'release', document: { name: 'release' } };
    await store.transaction(async (tx) => new ManagedEntries(store).add(tx, { ...entry, ...change }));
    await new FileEntries(store).replace([{ ...entry, line: 3 }]);
    await store.query(
      `INSERT INTO service_configuration (service, instance, loaded_at, seen_at, overridden)
       VALUES ('notifier', 'a', now(), now(), '{routing}')`,
    );
    expect(await overriddenOf(url)).toEqual(['signers/release', 'routing']);
    await dataSource.destroy();
  });

  it('names none while the database is away', async () => {
    expect(await overriddenOf('postgres://127.0.0.1:1/none')).toEqual([]);
  });
});
