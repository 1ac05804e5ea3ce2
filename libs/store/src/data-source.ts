import type { Secret } from '@tidewaiter/domain';
import { DataSource } from 'typeorm';

import { entities } from './entities/entities.js';
import { migrations } from './migrations/migrations.js';

/** Any number that no other program on the same database locks; the first eight bytes of "tidewait". */
const migrationLock = '8388346167911606644';

interface ConnectionOptions {
  url: Secret;
  poolSize: number;
  /** Shown in pg_stat_activity. */
  name: string;
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
  await migrate(dataSource);
  return dataSource;
}

async function migrate(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    await dataSource.runMigrations();
  } finally {
    await runner.query('SELECT pg_advisory_unlock($1)', [migrationLock]);
    await runner.release();
  }
}
