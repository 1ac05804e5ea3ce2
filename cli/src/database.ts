import { NotFound, Secret, Unavailable } from '@tidewaiter/domain';
import { currentRun } from '@tidewaiter/servers';
import type { Store } from '@tidewaiter/store';

import { stateDir } from './context.js';
import { givenUrls } from './service/services.js';

/** Whether the environment names a database, or this folder's `up` has one. */
export async function hasDatabase(): Promise<boolean> {
  return (await databaseUrl()) !== undefined;
}

/** Whether `up` of this folder runs on a database of its own, so that this machine is where people also `scan`. */
export async function isUpRunning(): Promise<boolean> {
  return givenUrls().database === undefined && (await hasDatabase());
}

async function databaseUrl(): Promise<string | undefined> {
  return givenUrls().database ?? (await currentRun(stateDir))?.urls?.database;
}

/**
 * Does `work` on the database that the environment names, else on that of the `up` of this folder.
 * @throws NotFound `DATABASE_UNKNOWN`; Unavailable `STORE_UNAVAILABLE`
 */
export async function withStore<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const url = await databaseUrl();
  if (!url) {
    const advice = 'set TIDEWAITER_DATABASE_URL, or start one here with `tidewaiter up`';
    throw new NotFound('DATABASE_UNKNOWN', `there is no database: ${advice}`);
  }
  // Only now: TypeORM costs every command a moment.
  const { connect, Store } = await import('@tidewaiter/store');
  const dataSource = await connect({ url: new Secret(url), poolSize: 4, name: 'cli' }).catch(explain);
  try {
    return await work(new Store(dataSource, 'cli'));
  } finally {
    await dataSource.destroy();
  }
}

function explain(cause: unknown): never {
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
  throw new Unavailable('STORE_UNAVAILABLE', `PostgreSQL cannot be used: ${reason}`, { cause });
}
