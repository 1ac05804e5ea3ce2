import { setTimeout as sleep } from 'node:timers/promises';

import type { Secret } from '@tidewaiter/domain';
import { DataSource } from 'typeorm';

import { entities } from './entities/entities.js';
import { migrations } from './migrations/migrations.js';
import { isOutage } from './outage.js';

/** Any number that no other program on the same database locks; the first eight bytes of "tidewait". */
const migrationLock = '8388346167911606644';

interface ConnectionOptions {
  url: Secret;
  poolSize: number;
  /** Shown in pg_stat_activity. */
  name: string;
}

/** How often, and for how long, a service that starts knocks at a server that starts too. */
const knockEveryMs = 500;
const patienceMs = 60_000;

/** {@link connect}, but waits a minute for a server that is not there yet: services and servers start in any order. */
export async function connectPatiently(options: ConnectionOptions): Promise<DataSource> {
  for (const began = performance.now(); ; await sleep(knockEveryMs)) {
    try {
      return await connect(options);
    } catch (error) {
      if (!isOutage(error) || performance.now() - began > patienceMs) throw error;
    }
  }
}

/** Connects to PostgreSQL and brings the schema up to date; whoever starts first does it, the others wait. */
export async function connect({ url, poolSize, name }: ConnectionOptions): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    url: url.reveal(),
    applicationName: `tidewaiter-${name}`,
    poolSize,
    // Also for who waits while every connection of the pool is in use.
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
      // For a server that is gone without a word, which no timeout of its own can end.
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
    // Where the connection is gone, so is the lock.
    await runner.query('SELECT pg_advisory_unlock($1)', [migrationLock]).catch(() => undefined);
    await runner.release().catch(() => undefined);
  }
}
