import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  findPrograms,
  freePort,
  type LocalServer,
  type Programs,
  startNats,
  startPostgres,
  startRedis,
} from '@tidewaiter/servers';
import { Client } from 'pg';

import { migratedDatabase, preparedPostgres } from './prepared-postgres.js';

/** Real server whose data is deleted after the test. */
export interface TestServer {
  /** Stays the same across restarts. */
  url: string;
  port: number;
  /** Whether its process has ended, by itself or not. */
  readonly hasEnded: boolean;
  /** SIGKILL, as a crash. */
  kill(): Promise<void>;
  /** Restarts it on the same port with the same data. */
  restart(): Promise<void>;
  /** Restarts it on the same port without data. */
  wipe(): Promise<void>;
}

export interface TestPostgres extends TestServer {
  /**
   * The address of a fresh database: with the current schema, or a copy of `template` (its name; it
   * must have no connections). `template1` is empty.
   */
  createDatabase(template?: string): Promise<string>;
}

interface Kinds {
  postgres: TestPostgres;
  nats: TestServer;
  redis: TestServer;
}

export type ThrowAwayServers<Wanted> = Pick<Kinds, keyof Kinds & keyof Wanted> & {
  /** Stops the servers and removes their data. */
  stop(): Promise<void>;
};

type Start = (at: { dataDir: string; port: number; password: string }, programs: Programs) => Promise<LocalServer>;

const startsOf = (fsync: boolean): Record<keyof Kinds, Start> => ({
  postgres: async ({ dataDir, port }, programs) => {
    const { password, copyTo } = await preparedPostgres(programs);
    if (!existsSync(dataDir)) await copyTo(dataDir);
    return startPostgres({ dataDir, port, password, settings: [`fsync=${fsync ? 'on' : 'off'}`] }, programs);
  },
  nats: async (at, programs) => startNats({ ...at, user: 'tidewaiter' }, programs),
  redis: startRedis,
});

/**
 * Starts the requested servers on free ports with data in a private folder, once for a test file.
 * @param options.fsync whether PostgreSQL waits for the disk, as in production: for benchmarks.
 * Tests kill processes and never the machine, and the kernel keeps the data that a process has
 * written.
 * @param options.within folder for their data; that of temporary files unless given
 */
export async function throwAwayServers<Wanted extends { [kind in keyof Kinds]?: true }>(
  wanted: Wanted,
  { fsync = false, within = tmpdir() }: { fsync?: boolean; within?: string } = {},
): Promise<ThrowAwayServers<Wanted>> {
  const dir = await realpath(await mkdtemp(join(within, 'tidewaiter-test-')));
  // PostgreSQL runs as another user when the tests run as root.
  await chmod(dir, 0o711);
  const programs = await findPrograms(process.env['PATH']);
  const starts = startsOf(fsync);
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(stops.map(async (one) => one()));
    await rm(dir, { recursive: true, force: true });
  };
  const start = async (kind: keyof Kinds): Promise<[string, TestServer]> => {
    const server = await startOne(starts[kind], join(dir, kind), programs);
    stops.push(server.stop);
    const more = kind === 'postgres' && { createDatabase: createDatabaseOn(server.url) };
    return [kind, { ...server, ...more }];
  };
  const outcomes = await Promise.allSettled((Object.keys(wanted) as (keyof Kinds)[]).map(start));
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure) {
    await stop();
    throw failure.reason;
  }
  const servers = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
  return { ...(Object.fromEntries(servers) as Pick<Kinds, keyof Kinds & keyof Wanted>), stop };
}

async function startOne(
  start: Start,
  dataDir: string,
  programs: Programs,
): Promise<TestServer & { stop(): Promise<void> }> {
  const at = { dataDir, port: await freePort(), password: randomUUID() };
  let ended = 0;
  let starts = 0;
  const begin = async (): Promise<LocalServer> => {
    const server = await start(at, programs);
    starts += 1;
    void server.exited.then(() => (ended += 1));
    return server;
  };
  let running = await begin();
  const restart = async (): Promise<void> => {
    await running.stop();
    running = await begin();
  };
  return {
    get hasEnded() {
      return ended === starts;
    },
    url: running.url,
    port: at.port,
    kill: async () => running.kill(),
    restart,
    async wipe() {
      await running.kill();
      await removeAll(dataDir);
      await restart();
    },
    stop: async () => running.stop(),
  };
}

/** The backends of a killed PostgreSQL write for a moment longer. */
async function removeAll(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** Makes fresh databases on a server, by the address of its superuser. */
export function createDatabaseOn(url: string): TestPostgres['createDatabase'] {
  return async (template = migratedDatabase) => {
    const name = `test_${randomUUID().replaceAll('-', '')}`;
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(`CREATE DATABASE ${name} TEMPLATE ${client.escapeIdentifier(template)}`);
    } finally {
      await client.end();
    }
    const address = new URL(url);
    address.pathname = `/${name}`;
    if (template === migratedDatabase) await makeItsOwn(address.href);
    return address.href;
  };
}

/** Another identity, by which it is not taken for a restored copy of other databases. */
async function makeItsOwn(url: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('UPDATE database_life SET id = gen_random_uuid(), beaten_at = now()');
  } finally {
    await client.end();
  }
}
