import { Secret } from '@tidewaiter/domain';
import { ClusterRemoval, connect, Store } from '@tidewaiter/store';
import { captureOutput, throwAwayServers, type CapturedOutput, type ThrowAwayServers } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { storageCommand } from './storage.js';

describe('storageCommand', () => {
  let servers: ThrowAwayServers<{ postgres: true }>;
  let dataSource: Awaited<ReturnType<typeof connect>>;
  let store: Store;
  let output: CapturedOutput;

  beforeAll(async () => {
    servers = await throwAwayServers({ postgres: true });
  });

  beforeEach(async () => {
    const url = await servers.postgres.createDatabase();
    process.env['TIDEWAITER_DATABASE_URL'] = url;
    dataSource = await connect({ url: new Secret(url), poolSize: 2, name: 'test' });
    store = new Store(dataSource, 'test');
    await store.query(
      `INSERT INTO container_ledger (container_id, cluster, claimed_digests, first_seen, last_seen) VALUES ('a', 'stage', '{}', now(), now() - interval '31 days')`,
    );
    output = captureOutput();
  });

  afterEach(async () => {
    output.restore();
    delete process.env['TIDEWAITER_DATABASE_URL'];
    await dataSource.destroy();
  });

  afterAll(async () => servers.stop());

  async function storage(...args: string[]): Promise<void> {
    const program = new Command('tidewaiter').exitOverride();
    storageCommand(program);
    await program.parseAsync(['storage', ...args], { from: 'user' });
  }

  it('prints each table under its kind, with its rule and what the next run deletes', async () => {
    await storage();
    expect(output.stdout).toMatch(/^ *[\d.]+ KiB {2}workloads\n/m);
    expect(output.stdout).toMatch(/container_ledger .* 30 days after last_seen {2}next run: 1$/m);
    expect(output.stdout).toMatch(/ in all\n$/);
  });

  it('prints the same as JSON', async () => {
    await storage('-o', 'json');
    const { tables } = JSON.parse(output.stdout) as { tables: { table: string }[] };
    expect(tables.find(({ table }) => table === 'container_ledger')).toMatchObject({ kind: 'workloads', due: 1 });
  });

  it('deletes nothing without --yes, and then what it counted', async () => {
    await storage('delete', 'cluster', 'stage');
    expect(output.stderr).toBe('deletes 1 containers\nnothing was deleted: add --yes\n');
    await storage('deletions');
    expect(output.stderr).toContain('no deletions');
    await storage('delete', 'cluster', 'stage', '--yes');
    while (await new ClusterRemoval(store).step());
    await storage('deletions');
    expect(output.stdout).toMatch(/ {2}cluster stage {2}done {2}1 containers\n$/);
    expect(await store.query('SELECT FROM container_ledger')).toEqual([]);
    expect(await store.query('SELECT action, subject FROM audit_entry')).toEqual([
      { action: 'removal.requested', subject: 'cluster stage' },
    ]);
  });

  it('asks for the registry where several have the repository', async () => {
    await store.query(
      `INSERT INTO push (id, connection, repository, tag, artifact) SELECT gen_random_uuid(), name, 'shop/app', '1', 'image' FROM unnest(ARRAY['a', 'b']) AS name`,
    );
    await expect(storage('delete', 'repository', 'shop/app')).rejects.toMatchObject({ code: 'REMOVAL_UNCLEAR' });
    await storage('delete', 'repository', 'shop/app', '--connection', 'b');
    expect(output.stderr).toContain('deletes 1 pushes');
    await expect(storage('delete', 'repository', 'none')).rejects.toMatchObject({ code: 'REMOVAL_EMPTY' });
  });

  it('refuses to delete the data of anything else', async () => {
    await expect(storage('delete', 'image', 'x')).rejects.toMatchObject({ exitCode: 64 });
  });
});
