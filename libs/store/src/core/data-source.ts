import { setTimeout as sleep } from 'node:timers/promises';

import type { Secret } from '@tidewaiter/domain';
import { hostUrls, type ServerWaits } from '@tidewaiter/runtime';
import pg from 'pg';
import { DataSource } from 'typeorm';

import { migrations } from '../migrations/migrations.js';
import { hostsOf } from './database-hosts.js';
import type { RestoreReport } from './database-life-row.js';
import { DatabaseLife } from './database-life.js';
import { entities } from './entities.js';
import { isOutage } from './outage.js';
import { PatientClient } from './patient-client.js';
import {
  migrate,
  type MigrationLog,
  pendingMigrations,
  type PlannedMigration,
  planMigrations,
} from './schema-migration.js';
import { makeServiceRoles, type PasswordOf } from './service-grants.js';
import { Store } from './store.js';
import { valueTypes } from './text-arrays.js';

export interface ConnectionOptions {
  url: Secret;
  poolSize: number;
  /** Shown in pg_stat_activity. */
  name: string;
  /** Log of migrations that run or wait. */
  log?: MigrationLog;
  /** Takes a note of each wait for PostgreSQL. */
  waits?: ServerWaits;
}

/**
 * Interval and time limit of connection attempts at start, when the database may still be starting.
 */
const knockEveryMs = 500;
const patienceMs = 60_000;

/**
 * Like {@link connect}, but retries for a minute, because services and servers start in any order.
 */
export async function connectPatiently(options: ConnectionOptions): Promise<DataSource> {
  const wait = options.waits?.begin('PostgreSQL');
  try {
    for (const began = performance.now(); ; await sleep(knockEveryMs)) {
      try {
        return await connect(options);
      } catch (error) {
        if (!isOutage(error) || performance.now() - began > patienceMs) throw error;
        wait?.failed(error);
      }
    }
  } finally {
    wait?.over();
  }
}

/** Connects to PostgreSQL after the pending migrations: one process runs them, the others wait. */
export async function connect(options: ConnectionOptions): Promise<DataSource> {
  const dataSource = await open(options, limitMs);
  try {
    if ((await pendingMigrations(dataSource)).length > 0) await migrateBeside(dataSource, options);
  } catch (error) {
    await dataSource.destroy().catch(() => undefined);
    throw error;
  }
  return dataSource;
}

/**
 * Runs pending migrations as the owner of the tables, and grants roles of services their rights.
 * @param passwordOf makes the roles, too, with these passwords
 */
export async function prepareDatabase(options: ConnectionOptions, passwordOf?: PasswordOf): Promise<void> {
  const dataSource = await open(options, limitMs);
  try {
    if (passwordOf) await dataSource.transaction(async (tx) => makeServiceRoles(tx, passwordOf));
    await migrateBeside(dataSource, options);
  } finally {
    await dataSource.destroy();
  }
}

/** Migrations that {@link connect} would run, with their statements. */
export async function migrationPlan(options: ConnectionOptions): Promise<PlannedMigration[]> {
  const dataSource = await open(options, limitMs);
  try {
    return await planMigrations(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

/** Last recognition of a restored database; null without one. Migrates nothing. */
export async function lastRestore(options: ConnectionOptions): Promise<RestoreReport | null> {
  const dataSource = await open(options, limitMs);
  try {
    return (await pendingMigrations(dataSource)).length > 0
      ? null
      : await new DatabaseLife(new Store(dataSource, options.name)).lastRestore();
  } finally {
    await dataSource.destroy();
  }
}

/** A connection whose statements may take any time, and that migrates nothing. */
export async function openUnlimited(options: ConnectionOptions): Promise<DataSource> {
  return open(options, 0);
}

/** Time limit of statements: a service must not wait for ever, neither here nor on the server. */
const limitMs = 60_000;

/** A migration of a large table takes its time, so it has a connection without the limits. */
async function migrateBeside(dataSource: DataSource, options: ConnectionOptions): Promise<void> {
  const unlimited = await open({ ...options, name: `${options.name}-migration`, poolSize: 2 }, 0);
  try {
    await migrate(unlimited, dataSource, options.log);
  } finally {
    await unlimited.destroy();
  }
}

async function open({ url, poolSize, name }: ConnectionOptions, limit: number): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    // By itself TypeORM looks for it beside its own file, which the bundle has not.
    driver: pg,
    url: hostUrls(url.reveal())[0]!,
    applicationName: `tidewaiter-${name}`,
    poolSize,
    // Also limits the wait for a free connection of the pool.
    connectTimeoutMS: 10_000,
    entities,
    migrations,
    migrationsTableName: 'migration',
    // A forgotten `undefined` in a condition must not mean "every row".
    invalidWhereValuesBehavior: { null: 'throw', undefined: 'throw' },
    // Without a limit it migrates, or reads a dump: no statement comes twice.
    extra: {
      limitMs: limit,
      prepares: limit > 0,
      hosts: hostsOf(url.reveal()),
      keepAlive: true,
      types: valueTypes,
      Client: PatientClient,
    },
  });
  return dataSource.initialize();
}
