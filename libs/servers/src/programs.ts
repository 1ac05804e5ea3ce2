import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';

export type ServerKind = 'nats' | 'redis' | 'database';

/** Paths of the servers' programs on this machine; undefined if not installed. */
export interface Programs {
  nats: string | undefined;
  /** Redis or Valkey: both speak the same protocol and read the same settings. */
  redis: string | undefined;
  /** Folder of `postgres` and `initdb`. */
  postgresFolder: string | undefined;
  /** util-linux's setpriv, which ends a server when we are killed. */
  setpriv: string | undefined;
  /** Debian's package manager, to install the missing programs. */
  aptGet: string | undefined;
}

// Daemons are in sbin, which the PATH of ordinary users lacks.
const standardFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const debianPostgres = '/usr/lib/postgresql';
const debianPackages: Record<ServerKind, string> = {
  nats: 'nats-server',
  redis: 'redis-server',
  database: 'postgresql',
};

/**
 * Searches `path` (a PATH as in the environment), then the standard folders, then Debian's folders
 * of PostgreSQL.
 */
export async function findPrograms(path = ''): Promise<Programs> {
  const folders = [...path.split(delimiter).filter(Boolean), ...standardFolders];
  const [nats, redis, postgres, setpriv, aptGet] = await Promise.all([
    findProgram(folders, ['nats-server']),
    findProgram(folders, ['redis-server', 'valkey-server']),
    newestPostgres().then((newest) => findProgram([...folders, ...newest], ['postgres'])),
    findProgram(folders, ['setpriv']),
    findProgram(folders, ['apt-get']),
  ]);
  return { nats, redis, postgresFolder: postgres && dirname(postgres), setpriv, aptGet };
}

/** Debian's names of the packages that are missing for these servers. */
export function missingPackages(programs: Programs, wanted: readonly ServerKind[] = ['nats', 'redis', 'database']) {
  const found = { nats: programs.nats, redis: programs.redis, database: programs.postgresFolder };
  return wanted.filter((kind) => found[kind] === undefined).map((kind) => debianPackages[kind]);
}

/** First executable of these names, folder before name. */
export async function findProgram(folders: readonly string[], names: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    for (const name of names) {
      const program = join(folder, name);
      if (await isExecutable(program)) return program;
    }
  }
  return undefined;
}

async function newestPostgres(): Promise<string[]> {
  const versions = await readdir(debianPostgres).catch(() => []);
  return versions
    .filter((version) => /^[0-9]{1,4}$/.test(version))
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(debianPostgres, version, 'bin'));
}

async function isExecutable(program: string): Promise<boolean> {
  return access(program, constants.X_OK).then(
    () => true,
    () => false,
  );
}
