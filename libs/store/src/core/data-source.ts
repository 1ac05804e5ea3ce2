import { setTimeout as sleep } from 'node:timers/promises';

import type { Secret } from '@tidewaiter/domain';
import { DataSource } from 'typeorm';

import { migrations } from '../migrations/migrations.js';
import { entities } from './entities.js';
import { isOutage } from './outage.js';

/** Key of the advisory lock around migrations: the eight bytes of "tidewait", which no other program should use. */
const migrationLock = '8388346167911606644';

interface ConnectionOptions {
  url: Secret;
  poolSize: number;
  /** Shown in pg_stat_activity. */
  name: string;
}

/** Interval and time limit of connection attempts at start, when the database may still be starting. */
const knockEveryMs = 500;
const patienceMs = 60_000;

/** Like {@link connect}, but retries for a minute, because services and servers start in any order. */
export async function connectPatiently(options: ConnectionOptions): Promise<DataSource> {
  for (const began = performance.now(); ; await sleep(knockEveryMs)) {
    try {
      return await connect(options);
    } catch (error) {
      if (!isOutage(error) || performance.now() - began > patienceMs) throw error;
    }
  }
}

/** Connects to PostgreSQL and runs migrations under a lock: the first process runs them, the others wait. */
export async function connect({ url, poolSize, name }: ConnectionOptions): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: url.reveal(),
    applicationName: `tidewaiter-${name}`,
    poolSize,
    // Also limits the wait for a free connection of the pool.
    connectTimeoutMS: 10_000,
    entities,
    migrations,
    migrationsTableName: 'migration',
    migrationsTransactionMode: 'each',
    // A forgotten `undefined` in a condition must not mean "every row".
    invalidWhereValuesBehavior: { null: 'throw', undefined: 'throw' },
    extra: {
      statement_timeout: 60_000,
      idle_in_transaction_session_timeout: 60_000,
      // Client-side timeout for a server that vanished and cannot apply its own.
      query_timeout: 65_000,
      keepAlive: true,
    },
  });
  await dataSource.initialize();
  try {
    await migrate(dataSource);
  } catch (error) {
    await dataSource.destroy().catch(() => undefined);
    throw error;
  }
  return dataSource;
}

async function migrate(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    await dataSource.runMigrations();
  } finally {
    // A lost connection has released the lock already.
    await runner.query('SELECT pg_advisory_unlock($1)', [migrationLock]).catch(() => undefined);
    await runner.release().catch(() => undefined);
  }
}
