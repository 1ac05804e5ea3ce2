import { open, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import { InvalidInput } from '@tidewaiter/domain';
import type { Command } from 'commander';

import { printStderr } from '../context.js';
import { requireDatabaseUrl } from '../database.js';
import { runPostgresClient } from './postgres-client.js';

const mebibyte = 2 ** 20;

/** Writes the database to a file, while the services go on. */
export function backupCommand(program: Command): void {
  program
    .command('backup')
    .description('write the database to a file, while the services go on')
    .requiredOption('--to <file>', 'file to write, in the custom format of pg_dump')
    .action(async ({ to }: { to: string }) => backup(resolve(to)));
}

async function backup(file: string): Promise<void> {
  const url = await requireDatabaseUrl();
  const unfinished = `${file}.unfinished`;
  try {
    // Made first: it holds everything that the database knows, so others may not read it.
    await (await open(unfinished, 'w', 0o600)).close();
    await runPostgresClient('pg_dump', url, ['--format=custom', '--no-owner', '--no-privileges', '--file', unfinished]);
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    const { code } = error as { code?: unknown };
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ENOSPC') {
      throw new InvalidInput('BACKUP_UNWRITABLE', `cannot write ${file}: ${code}`, { cause: error });
    }
    throw error;
  }
  const { size } = await stat(file);
  printStderr(`${file}: ${(size / mebibyte).toFixed(1)} MiB`);
}
