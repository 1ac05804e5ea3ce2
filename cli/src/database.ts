import { userInfo } from 'node:os';

import { NotFound, printable, Secret, Unavailable } from '@tidewaiter/domain';
import { currentRun } from '@tidewaiter/servers';
import type { AuditAction, ConnectionOptions, PlannedMigration, RestoreReport, Store } from '@tidewaiter/store';

import { environment, printStderr, stateDir } from './context.js';
import { givenUrls } from './service/services.js';

/** Whether the environment names a database, or this folder's `up` has one. */
export async function hasDatabase(): Promise<boolean> {
  return (await databaseUrl()) !== undefined;
}

/**
 * Whether `up` of this folder runs on a database of its own, so that this machine is where people
 * also `scan`.
 */
export async function isUpRunning(): Promise<boolean> {
  return givenUrls().database === undefined && (await hasDatabase());
}

async function databaseUrl(): Promise<string | undefined> {
  return givenUrls().database ?? (await currentRun(stateDir))?.urls?.database;
}

/**
 * Reads the database that the environment names, else that of the `up` of this folder. PostgreSQL
 * refuses to write.
 * @throws NotFound `DATABASE_UNKNOWN`; Unavailable `STORE_UNAVAILABLE`
 */
export async function withStore<T>(work: (store: Store) => Promise<T>): Promise<T> {
  return connected('read', work);
}

/**
 * Changes the database that {@link withStore} reads. The changes become entries of the audit log,
 * under the user of this machine.
 * @throws NotFound `DATABASE_UNKNOWN`; Unavailable `STORE_UNAVAILABLE`
 */
export async function changeStore<T>(
  action: AuditAction,
  work: (store: Store) => Promise<T>,
  url?: string,
): Promise<T> {
  const { AuditLog } = await import('@tidewaiter/store');
  // The command line knows no other name, and needs the database's password.
  const act = { actor: `cli:${localUser()}`, action, address: null };
  return connected('write', async (store) => new AuditLog(store).during(act, async () => work(store)), url);
}

/** Name of the user of this machine. */
export function localUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under an id without a name.
    return String(process.getuid?.() ?? 'unknown');
  }
}

async function connected<T>(access: 'read' | 'write', work: (store: Store) => Promise<T>, url?: string): Promise<T> {
  const options = await connectionOptions(url);
  // Only now: TypeORM costs every command a moment.
  const { connect, Store } = await import('@tidewaiter/store');
  (await import('@tidewaiter/runtime')).armFailpoints(environment);
  const dataSource = await connect(options).catch(explain);
  try {
    return await work(new Store(dataSource, 'cli', access));
  } finally {
    await dataSource.destroy();
  }
}

/**
 * Runs the migrations that the database lacks, and gives the roles of services their rights; each
 * migration is printed as it ends.
 */
export async function migrateDatabase(): Promise<void> {
  const options = await connectionOptions();
  const { migrationPlan, prepareDatabase } = await import('@tidewaiter/store');
  const planned = await migrationPlan(options).catch(explain);
  await prepareDatabase({ ...options, log: { info: printLine, warn: printLine } }).catch(explain);
  if (planned.length === 0) return;
  const after = { migrations: planned.map(({ name }) => name) };
  await changeStore('database.migrated', async (store) =>
    store.transaction(async (tx) => tx.record({ subject: 'schema', before: null, after })),
  );
}

/** Migrations that the database lacks, with their statements. */
export async function plannedMigrations(): Promise<PlannedMigration[]> {
  const options = await connectionOptions();
  const { migrationPlan } = await import('@tidewaiter/store');
  return migrationPlan(options).catch(explain);
}

/**
 * Last recognition of a restored database; null without one, and while the database cannot be
 * asked.
 */
export async function lastRestoreOf(url: string): Promise<RestoreReport | null> {
  const { lastRestore } = await import('@tidewaiter/store');
  return lastRestore({ url: new Secret(url), poolSize: 1, name: 'cli' }).catch(() => null);
}

/** Managed entries that files override; none while the database cannot be asked. */
export async function overriddenOf(url: string): Promise<string[]> {
  const [{ ConfigState }, { FileEntries, ServiceConfigurations }] = await Promise.all([
    import('@tidewaiter/runtime'),
    import('@tidewaiter/store'),
  ]);
  const read = async (store: Store) =>
    Promise.all([new FileEntries(store).overriding(), new ServiceConfigurations(store, new ConfigState()).running()]);
  return connected('read', read, url).then(
    ([inFile, running]) => [...new Set([...inFile, ...running.flatMap(({ overridden }) => overridden)])],
    () => [],
  );
}

async function connectionOptions(given?: string): Promise<ConnectionOptions> {
  const url = given ?? (await requireDatabaseUrl());
  return { url: new Secret(url), poolSize: 4, name: 'cli', log: { info: () => undefined, warn: printLine } };
}

/** @throws NotFound `DATABASE_UNKNOWN` */
export async function requireDatabaseUrl(): Promise<string> {
  const url = await databaseUrl();
  if (!url) {
    const advice = 'set TIDEWAITER_DATABASE_URL, or start one here with `tidewaiter up`';
    throw new NotFound('DATABASE_UNKNOWN', `there is no database: ${advice}`);
  }
  return url;
}

/** Progress of migrations: a message with its fields. */
function printLine(fields: Record<string, unknown>, message: string): void {
  printStderr(`${message}: ${printable(JSON.stringify(fields))}`);
}

function explain(cause: unknown): never {
  const reason = cause instanceof Error ? cause.message || cause.name : String(cause);
  throw new Unavailable('STORE_UNAVAILABLE', `PostgreSQL cannot be used: ${reason}`, { cause });
}
