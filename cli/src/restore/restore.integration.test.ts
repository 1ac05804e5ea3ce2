import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { Secret } from '@tidewaiter/domain';
import { ApiTokens, connect, Store } from '@tidewaiter/store';
import { captureOutput, throwAwayServers, type CapturedOutput, type ThrowAwayServers } from '@tidewaiter/testkit';
import { Command } from 'commander';

import { backupCommand } from '../backup/backup.js';
import { restoreCommand } from './restore.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let output: CapturedOutput;
let folder: string;
let file: string;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  process.env['TIDEWAITER_DATABASE_URL'] = await servers.postgres.createDatabase();
  output = captureOutput();
  folder = mkdtempSync(join(tmpdir(), 'tidewaiter-backup-'));
  file = join(folder, 'backup.dump');
});

afterEach(() => {
  output.restore();
  rmSync(folder, { recursive: true });
  delete process.env['TIDEWAITER_DATABASE_URL'];
});

afterAll(async () => servers.stop());

async function run(...args: string[]): Promise<void> {
  const program = new Command('tidewaiter').exitOverride();
  backupCommand(program);
  restoreCommand(program);
  await program.parseAsync(args, { from: 'user' });
}

async function on<T>(work: (store: Store) => Promise<T>, name = 'test'): Promise<T> {
  const url = new Secret(process.env['TIDEWAITER_DATABASE_URL']!);
  const dataSource = await connect({ url, poolSize: 2, name });
  try {
    return await work(new Store(dataSource, name));
  } finally {
    await dataSource.destroy();
  }
}

const create = async (name: string) => on(async (store) => new ApiTokens(store).make(name, 'viewer', null));
const names = async () =>
  on(async (store) => (await new ApiTokens(store).list()).map((token) => token.name).toSorted());

describe('restoreCommand', () => {
  it('brings back the state of the backup, any number of times', async () => {
    await create('first');
    await run('backup', '--to', file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    for (const later of ['second', 'third']) {
      await create(later);
      await run('restore', '--from', file);
      expect(await names()).toEqual(['first']);
    }
    // The restored database can be backed up as the first one.
    await create('fourth');
    await run('backup', '--to', file);
    await run('restore', '--from', file);
    expect(await names()).toEqual(['first', 'fourth']);
  });

  it('fills a new database', async () => {
    await create('first');
    await run('backup', '--to', file);
    process.env['TIDEWAITER_DATABASE_URL'] = await servers.postgres.createDatabase('template1');
    await run('restore', '--from', file);
    expect(await names()).toEqual(['first']);
  });

  it('leaves the database as it was if the backup is damaged', async () => {
    await create('first');
    writeFileSync(file, 'no backup');
    await expect(run('restore', '--from', file)).rejects.toMatchObject({ code: 'BACKUP_FAILED' });
    expect(await names()).toEqual(['first']);
  });

  it('refuses while services are connected', async () => {
    await create('first');
    await run('backup', '--to', file);
    const attempt = on(async () => run('restore', '--from', file), 'scanner');
    await expect(attempt).rejects.toMatchObject({
      code: 'DATABASE_IN_USE',
      message: 'stop the services first: connected: tidewaiter-scanner',
    });
  });

  it('waits until the sessions of services that stop are gone', async () => {
    await create('first');
    await run('backup', '--to', file);
    let restored: Promise<void> | undefined;
    await on(async () => {
      restored = run('restore', '--from', file);
      await setTimeout(1000);
    }, 'scanner');
    await restored;
    expect(await names()).toEqual(['first']);
  });

  it.each([
    ['a missing backup', ['restore', '--from', '/nowhere/x.dump'], 'BACKUP_MISSING'],
    ['a folder that is missing', ['backup', '--to', '/nowhere/x.dump'], 'BACKUP_UNWRITABLE'],
  ])('names %s', async (_, args, code) => {
    await expect(run(...args)).rejects.toMatchObject({ code });
  });
});
