import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from './core/data-source.js';

let servers: ThrowAwayServers<{ postgres: true }>;
const open: DataSource[] = [];

const connectTo = async (url: string) => {
  const dataSource = await connect({ url: new Secret(url), poolSize: 4, name: 'test' });
  open.push(dataSource);
  return dataSource;
};

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

afterAll(async () => {
  await Promise.all(open.map((dataSource) => dataSource.destroy()));
  await servers.stop();
});

describe('schema', () => {
  it('has entities and tables that agree', async () => {
    const dataSource = await connectTo(await servers.postgres.createDatabase());
    const planned = await dataSource.driver.createSchemaBuilder().log();
    expect(planned.upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('migrates once for processes that start together', async () => {
    const url = await servers.postgres.createDatabase();
    const [first] = await Promise.all([connectTo(url), connectTo(url), connectTo(url)]);
    const applied = await first.query('SELECT name FROM migration');
    expect(applied).toHaveLength(first.migrations.length);
  });

  it('can undo every migration', async () => {
    const dataSource = await connectTo(await servers.postgres.createDatabase());
    for (let left = dataSource.migrations.length; left > 0; left -= 1) await dataSource.undoLastMigration();
    const tables = await dataSource.query(
      `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migration'`,
    );
    expect(tables).toEqual([]);
  });
});
