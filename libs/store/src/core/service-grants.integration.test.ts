import { Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import { type DataSource, getMetadataArgsStorage } from 'typeorm';

import { connect, prepareDatabase } from './data-source.js';
import { roleOf } from './service-grants.js';
import { mayWrite, type RoleService, roleServices, tableReaders, tableWriters } from './table-access.js';

describe('Roles of services in PostgreSQL', () => {
  let servers: ThrowAwayServers<{ postgres: true }>;
  let ownerUrl: string;
  const sources = new Map<RoleService | 'owner', DataSource>();
  const passwordOf = (role: string) => new Secret(`s3cret_of_${role}`);
  const urlOf = (service: RoleService) => {
    const role = roleOf(service);
    return Object.assign(new URL(ownerUrl), { username: role, password: passwordOf(role).reveal() }).href;
  };
  const optionsOf = (url: string) => ({ url: new Secret(url), poolSize: 2, name: 'test' });

  beforeAll(async () => {
    servers = await throwAwayServers({ postgres: true });
    ownerUrl = await servers.postgres.createDatabase('template1');
    await prepareDatabase(optionsOf(ownerUrl), passwordOf);
    sources.set('owner', await connect(optionsOf(ownerUrl)));
    for (const service of roleServices) sources.set(service, await connect(optionsOf(urlOf(service))));
  });

  afterAll(async () => {
    await Promise.all([...sources.values()].map(async (source) => source.destroy()));
    await servers.stop();
  });

  const query = async (service: RoleService | 'owner', sql: string): Promise<unknown[]> =>
    sources.get(service)!.query(sql);

  it.each<[RoleService, string]>([
    ['scanner', 'SELECT hash FROM api_token'],
    ['detector', 'SELECT FROM api_token'],
    ['scanner', `INSERT INTO api_token (id, name, scope, hash) VALUES (gen_random_uuid(), 'x', 'write', 'x')`],
    ['notifier', 'UPDATE image SET config = NULL'],
    ['notifier', 'DELETE FROM image_finding'],
    ['ingest', 'DELETE FROM layer'],
    ['console', `UPDATE layer SET facts = ''`],
    ['console', 'SELECT id FROM tag_ledger FOR UPDATE'],
    ['detector', 'TRUNCATE incident'],
    ['scanner', 'CREATE TABLE x ()'],
    ['scanner', 'ALTER TABLE job DROP COLUMN key'],
    ['scanner', 'CREATE ROLE x'],
    ['scanner', 'GRANT tidewaiter TO tidewaiter_scanner'],
    ['scanner', 'SELECT rolpassword FROM pg_authid'],
    ['scanner', `COPY job TO PROGRAM 'cat'`],
    ['scanner', `SELECT pg_read_file('/etc/passwd')`],
    ['ingest', `SELECT nextval('advisory_change_seq')`],
  ])('keep %s from: %s', async (service, sql) => {
    await expect(query(service, sql)).rejects.toMatchObject({ driverError: { code: '42501' } });
  });

  it.each(roleServices)('give %s what its code writes, and the rest to read', async (service) => {
    const tables = getMetadataArgsStorage().tables.map(({ name }) => name!);
    const rights = await query(
      'owner',
      `SELECT name, has_table_privilege('tidewaiter_${service}', name, 'SELECT') AS read,
         has_table_privilege('tidewaiter_${service}', name, 'INSERT, UPDATE, DELETE') AS write
       FROM unnest(ARRAY['${tables.join("','")}']) AS name`,
    );
    expect(rights).toEqual(
      tables.map((name) => ({
        name,
        read: tableReaders[name]?.includes(service) ?? true,
        write: mayWrite(service, name),
      })),
    );
  });

  it('let the console read every table, as it shows the storage of all', async () => {
    for (const { name } of getMetadataArgsStorage().tables)
      await expect(query('console', `SELECT FROM ${name!} LIMIT 1`)).resolves.toBeDefined();
  });

  it('lets every service draw numbers for the tables that it writes', async () => {
    const sequences = (await query(
      'owner',
      `SELECT sequencename AS name FROM pg_sequences WHERE sequencename <> 'migration_id_seq'`,
    )) as { name: string }[];
    expect(sequences.length).toBeGreaterThan(5);
    for (const { name } of sequences) {
      const writers = Object.entries(tableWriters).find(([table]) => name.startsWith(`${table}_`))?.[1] ?? roleServices;
      for (const service of writers) await expect(query(service, `SELECT nextval('${name}')`)).resolves.toHaveLength(1);
    }
  });

  it('are limited again by the next preparation', async () => {
    await query('owner', 'GRANT ALL ON api_token, image TO tidewaiter_notifier');
    await prepareDatabase(optionsOf(ownerUrl));
    await expect(query('notifier', 'DELETE FROM image')).rejects.toMatchObject({ driverError: { code: '42501' } });
    await expect(query('notifier', 'SELECT FROM api_token')).rejects.toThrow('permission denied');
  });

  it('takes no password that needs quotes', async () => {
    const quoted = prepareDatabase(optionsOf(ownerUrl), () => new Secret(`a' SUPERUSER --`));
    await expect(quoted).rejects.toThrow('needs quotes');
  });

  it('can be made again with the same addresses', async () => {
    await prepareDatabase(optionsOf(ownerUrl), passwordOf);
    expect(await query('scanner', 'SELECT count(*)::int AS count FROM job')).toEqual([{ count: 0 }]);
  });
});

describe('tableWriters', () => {
  it('names tables that exist', () => {
    const tables = getMetadataArgsStorage().tables.map(({ name }) => name);
    expect(Object.keys(tableWriters).filter((name) => !tables.includes(name))).toEqual([]);
  });
});
