import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { NotFound, printable, TidewaiterError } from '@tidewaiter/domain';
import { findProgram, findPrograms } from '@tidewaiter/servers';

import { environment } from '../context.js';

const run = promisify(execFile);

/**
 * Runs a client program of PostgreSQL on a database. The password is not among its arguments, which
 * other users of the machine see.
 * @throws NotFound `PROGRAM_MISSING`; TidewaiterError `BACKUP_FAILED`
 */
export async function runPostgresClient(program: 'pg_dump' | 'pg_restore', url: string, args: string[]): Promise<void> {
  const { withoutPassword } = await import('@tidewaiter/runtime');
  const path = await programPath(program);
  const { url: address, password } = withoutPassword(url);
  const env = { ...environment, ...(password !== '' && { PGPASSWORD: password }) };
  try {
    await run(path, ['--dbname', address, ...args], { env });
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string };
    const [reason = ''] = stderr.split('\n').filter((line) => line.includes('error:'));
    throw new TidewaiterError('BACKUP_FAILED', `${program}: ${printable(reason || stderr.trim())}`, { cause });
  }
}

async function programPath(program: string): Promise<string> {
  const { postgresFolder } = await findPrograms(environment['PATH']);
  const folders = [
    ...(environment['PATH'] ?? '').split(':').filter(Boolean),
    ...(postgresFolder ? [postgresFolder] : []),
  ];
  // The newest of the server's folder: a client that is older than the server refuses to dump it.
  const path = await findProgram(folders.toReversed(), [program]);
  if (path === undefined) throw new NotFound('PROGRAM_MISSING', `${program} is not installed: postgresql-client`);
  return path;
}
