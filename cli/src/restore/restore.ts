import { access } from 'node:fs/promises';
import { resolve } from 'node:path';

import { NotFound, Secret, TidewaiterError } from '@tidewaiter/domain';
import { claimRun, currentRun, findPrograms, startLocalServers } from '@tidewaiter/servers';
import type { Command } from 'commander';

import { runPostgresClient } from '../backup/postgres-client.js';
import { environment, printStderr, stateDir } from '../context.js';
import { changeStore } from '../database.js';
import { givenUrls } from '../service/services.js';

/** Replaces the database by that of a backup, while no service runs. */
export function restoreCommand(program: Command): void {
  program
    .command('restore')
    .description('replace the database by that of a backup, while no service runs')
    .requiredOption('--from <file>', 'file that `backup` or pg_dump -Fc wrote')
    .action(async ({ from }: { from: string }) => restore(resolve(from)));
}

async function restore(file: string): Promise<void> {
  await access(file).catch(() => {
    throw new NotFound('BACKUP_MISSING', `there is no ${file}`);
  });
  const { database } = givenUrls();
  if (database !== undefined) await restoreInto(database, file);
  else await restoreHere(file);
  printStderr('restored; start the services: they put back what NATS has since the backup');
}

/** Restores into PostgreSQL of the stopped `up` of this folder, which runs for that time only. */
async function restoreHere(file: string): Promise<void> {
  if (await currentRun(stateDir)) throw inUse('`up` runs here');
  await using closing = new AsyncDisposableStack();
  const run = await claimRun(stateDir, new Date());
  closing.defer(async () => run.release());
  // Only PostgreSQL: the others count as given.
  const use = { nats: 'nats://none', redis: 'redis://none' };
  const programs = await findPrograms(environment['PATH']);
  const { urls, stop } = await startLocalServers({ dir: stateDir, use, programs });
  closing.defer(stop);
  await restoreInto(urls.database, file);
}

async function restoreInto(url: string, file: string): Promise<void> {
  const { prepareDatabase, ReplacedSchema } = await import('@tidewaiter/store');
  const options = { url: new Secret(url), poolSize: 2, name: 'restore' };
  const replaced = await ReplacedSchema.begin(options);
  try {
    if (replaced.users.length > 0) throw inUse(`connected: ${replaced.users.join(', ')}`);
    await replaced.setAside();
    await runPostgresClient('pg_restore', url, ['--no-owner', '--no-privileges', '--single-transaction', file]);
    await replaced.drop();
  } catch (error) {
    await replaced.putBack();
    throw error;
  } finally {
    await replaced.end();
  }
  await prepareDatabase(options);
  // In the log of the backup: entries of the replaced database are in none any more.
  await changeStore(
    'database.restored',
    async (store) => store.transaction(async (tx) => tx.record({ subject: 'database', before: null, after: { file } })),
    url,
  );
}

function inUse(reason: string): TidewaiterError {
  return new TidewaiterError('DATABASE_IN_USE', `stop the services first: ${reason}`);
}
