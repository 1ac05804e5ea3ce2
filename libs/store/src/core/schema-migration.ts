import { setTimeout as sleep } from 'node:timers/promises';

import type { Logger } from '@tidewaiter/runtime';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';

import { grantToServices } from './service-grants.js';

/** Log of the progress: services pass theirs, commands one that prints. */
export type MigrationLog = Pick<Logger, 'info' | 'warn'>;

/** A migration that has not run yet, with the statements that it will run. */
export interface PlannedMigration {
  name: string;
  statements: string[];
}

/** Advisory lock around migrations: the bytes of "tidewait", which no other program should use. */
const migrationLock = '8388346167911606644';

/** A wait is logged after the first time, and again after each of the second. */
const firstWordMs = 1_500;
const laterWordsMs = 30_000;
const pollMs = 1_000;

/** Table of applied migrations, as TypeORM would make it: it can undo what was run here. */
const migrationTable = `CREATE TABLE IF NOT EXISTS migration
  (id serial PRIMARY KEY, "timestamp" bigint NOT NULL, name character varying NOT NULL)`;

/** Migrations that have not run yet, oldest first. */
export async function pendingMigrations(dataSource: DataSource): Promise<MigrationInterface[]> {
  // A schema that its owner has not granted to this role yet is not ready for it.
  const [table]: { isReadable: boolean | null }[] = await dataSource.query(
    `SELECT has_table_privilege(to_regclass('migration'), 'SELECT') AS "isReadable"`,
  );
  const applied = table!.isReadable ? await appliedNames(dataSource) : new Set<string>();
  return dataSource.migrations
    .filter((migration) => !applied.has(nameOf(migration)))
    .toSorted((a, b) => timestampOf(a) - timestampOf(b));
}

/** Statements of the migrations that have not run yet; nothing is run. */
export async function planMigrations(dataSource: DataSource): Promise<PlannedMigration[]> {
  const planned: PlannedMigration[] = [];
  for (const migration of await pendingMigrations(dataSource)) {
    const statements: string[] = [];
    // A migration is SQL by hand and reads nothing, so that what it will run can be shown.
    const recorder = { query: async (sql: string) => void statements.push(sql) };
    await migration.up(recorder as unknown as QueryRunner);
    planned.push({ name: nameOf(migration), statements });
  }
  return planned;
}

/**
 * Runs the pending migrations, each in a transaction of its own that takes the lock first: a
 * connection pooler in transaction mode keeps such a lock, and a crash releases it. Then roles of
 * services get their rights on new tables. A role that may not migrate waits until another one has.
 * @param unlimited a data source whose queries have no time limit on the client
 * @param watcher another one, to ask who holds the lock
 */
export async function migrate(unlimited: DataSource, watcher: DataSource, log?: MigrationLog): Promise<void> {
  if (!(await mayMigrate(unlimited))) return waitForSchema(unlimited, log);
  while ((await pendingMigrations(unlimited)).length > 0) {
    await unlimited.transaction(async ({ queryRunner }) => {
      const stopWatching = await watch(queryRunner!, watcher, log);
      try {
        await migrateOnce(unlimited, queryRunner!, log);
      } finally {
        stopWatching();
      }
    });
  }
  await unlimited.transaction(async (tx) => {
    // Two processes that grant at once would change the same rows of the catalog.
    await tx.query('SELECT pg_advisory_xact_lock($1)', [migrationLock]);
    await grantToServices(tx);
  });
}

async function migrateOnce(dataSource: DataSource, runner: QueryRunner, log?: MigrationLog): Promise<void> {
  // Limits of the database or of its roles would end a long migration each time that it is tried.
  await runner.query(`SELECT set_config(name, '0', true) FROM unnest(ARRAY[
    'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) AS name`);
  await runner.query('SELECT pg_advisory_xact_lock($1)', [migrationLock]);
  await runner.query(migrationTable);
  const applied = await appliedNames(runner);
  const [next] = dataSource.migrations
    .filter((migration) => !applied.has(nameOf(migration)))
    .toSorted((a, b) => timestampOf(a) - timestampOf(b));
  if (!next) return;
  const began = performance.now();
  await next.up(runner);
  await runner.query('INSERT INTO migration ("timestamp", name) VALUES ($1, $2)', [timestampOf(next), nameOf(next)]);
  log?.info({ migration: nameOf(next), durationMs: Math.round(performance.now() - began) }, 'migration done');
}

/**
 * Logs which sessions hold the locks that a transaction waits for; returns the end of the watch.
 */
async function watch(runner: QueryRunner, watcher: DataSource, log?: MigrationLog): Promise<() => void> {
  if (!log) return () => undefined;
  const [session] = (await runner.query('SELECT pg_backend_pid() AS pid')) as { pid: number }[];
  const look = async () => {
    const holders = await watcher.query(
      `SELECT pid, application_name AS application, state,
         round(extract(epoch FROM clock_timestamp() - xact_start))::float AS "seconds"
       FROM pg_stat_activity WHERE pid = ANY(pg_blocking_pids($1)) ORDER BY xact_start`,
      [session!.pid],
    );
    if (holders.length > 0) log.warn({ holders }, 'migration waits for a lock');
  };
  return every(look);
}

/** Calls after a moment and then at an interval, until the returned function is called. */
function every(look: () => Promise<void>): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  void (async () => {
    for (let waitMs = firstWordMs; !signal.aborted; waitMs = laterWordsMs) {
      await sleep(waitMs, undefined, { signal, ref: false });
      // The migration itself fails if the server is gone.
      await look().catch(() => undefined);
    }
  })().catch(() => undefined);
  return () => stop.abort();
}

async function waitForSchema(dataSource: DataSource, log?: MigrationLog): Promise<void> {
  const began = performance.now();
  let nextWordMs = firstWordMs;
  for (;;) {
    const pending = await pendingMigrations(dataSource);
    if (pending.length === 0) return;
    if (performance.now() - began >= nextWordMs) {
      log?.warn({ pending: pending.length, first: nameOf(pending[0]!) }, 'waiting for migrations by another role');
      nextWordMs += laterWordsMs;
    }
    await sleep(pollMs);
  }
}

/** Whether the role of the connection may make tables and alter those that there are. */
async function mayMigrate(dataSource: DataSource): Promise<boolean> {
  const [answer]: { may: boolean }[] = await dataSource.query(
    `SELECT has_schema_privilege(current_schema(), 'CREATE') AND coalesce(
       (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('migration')), true) AS may`,
  );
  return answer!.may;
}

async function appliedNames(db: Pick<DataSource, 'query'> | QueryRunner): Promise<Set<string>> {
  const rows = (await db.query('SELECT name FROM migration')) as { name: string }[];
  return new Set(rows.map(({ name }) => name));
}

function nameOf(migration: MigrationInterface): string {
  return migration.name ?? migration.constructor.name;
}

/** The end of the name of a migration's class. */
function timestampOf(migration: MigrationInterface): number {
  return Number(nameOf(migration).slice(-13));
}
