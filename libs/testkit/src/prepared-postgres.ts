import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { Secret } from '@tidewaiter/domain';
import { freePort, type Programs, startPostgres } from '@tidewaiter/servers';
import { Client } from 'pg';

const run = promisify(execFile);
const repository = resolve(import.meta.dirname, '../../..');
const cache = join(repository, 'node_modules/.cache/tidewaiter-postgres');
/** Sources that make the schema. */
const schemaFolders = ['libs/store/src/migrations', 'libs/store/src/core'].map((folder) => join(repository, folder));

/** Database of {@link preparedPostgres} with the current schema, which nothing connects to. */
export const migratedDatabase = 'tidewaiter_migrated';

export interface PreparedPostgres {
  /** Password of the superuser. */
  password: string;
  /** Copies its data to a folder that does not exist yet. */
  copyTo(dataDir: string): Promise<void>;
}

/**
 * Data folder of a PostgreSQL with an empty and a migrated database. It is made once for each state
 * of the schema's sources: initdb and all migrations take a second of every suite.
 */
export async function preparedPostgres(programs: Programs): Promise<PreparedPostgres> {
  const key = await keyOf(programs.postgresFolder ?? '');
  const place = join(cache, key);
  const prepared = (await passwordIn(place)) ?? (await prepare(place, programs));
  return {
    password: prepared,
    copyTo: async (dataDir) => {
      await run('cp', ['--archive', '--reflink=auto', join(place, 'postgres'), dataDir]);
    },
  };
}

async function prepare(place: string, programs: Programs): Promise<string> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'tidewaiter-test-')));
  // PostgreSQL runs as another user when the tests run as root.
  await chmod(dir, 0o711);
  const password = randomUUID();
  const options = { dataDir: join(dir, 'postgres'), port: await freePort(), password, settings: ['fsync=off'] };
  try {
    const server = await startPostgres(options, programs);
    try {
      await migrate(server.url);
    } finally {
      await server.stop();
    }
    await rm(`${options.dataDir}.log`);
    await writeFile(join(dir, 'password'), password, { mode: 0o600 });
    return await publish(dir, place);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function migrate(url: string): Promise<void> {
  const at = new URL(url);
  at.pathname = `/${migratedDatabase}`;
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${migratedDatabase}`);
    const { connect } = await import('@tidewaiter/store');
    await (await connect({ url: new Secret(at.href), poolSize: 2, name: 'test' })).destroy();
    // Autovacuum would be a connection too, and a template must have none.
    await client.query(`ALTER DATABASE ${migratedDatabase} ALLOW_CONNECTIONS false`);
  } finally {
    await client.end();
  }
}

/** Puts a folder in its place, unless another process was quicker; returns the password there. */
async function publish(dir: string, place: string): Promise<string> {
  await mkdir(cache, { recursive: true });
  for (const other of await readdir(cache)) {
    if (join(cache, other) !== place && !other.includes('.'))
      await rm(join(cache, other), { recursive: true, force: true });
  }
  const fresh = `${place}.${randomUUID()}`;
  await run('cp', ['--archive', '--reflink=auto', dir, fresh]);
  await rename(fresh, place).catch(async () => rm(fresh, { recursive: true }));
  return (await passwordIn(place))!;
}

async function passwordIn(place: string): Promise<string | undefined> {
  return readFile(join(place, 'password'), 'utf8').catch(() => undefined);
}

async function keyOf(postgresFolder: string): Promise<string> {
  const hash = createHash('sha256').update(postgresFolder);
  for (const folder of schemaFolders) {
    for (const name of (await readdir(folder)).toSorted()) {
      hash.update(name).update(await readFile(join(folder, name)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
