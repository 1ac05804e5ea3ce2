import { AsyncLocalStorage } from 'node:async_hooks';

import { Injectable } from '@nestjs/common';
import { TidewaiterError, Unavailable } from '@tidewaiter/domain';
import type { CloudEvent, Draft, EventType } from '@tidewaiter/events';
import { currentTraceparent, failpoint } from '@tidewaiter/runtime';
import { Query } from 'pg';
import { QueryFailedError, type QueryRunner, type Repository } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import type { AuditAction } from '../access/audit-row.js';
import { type ColumnName, type Columns, columnsOf, type Entity, type RowOf } from './columns.js';
import { copyLines } from './copy.js';
import { OutboxRow } from './event-rows.js';
import { type JobClass, JobRow } from './job-rows.js';
import { isOutage, isTimeout } from './outage.js';
import { isStaleStatement } from './prepared-statements.js';
import type { QueueName } from './queues.js';
import { unnestOf } from './row-sets.js';
import { storable } from './storable.js';

/** A job as queues know it; `attempt` is the number of claims so far. */
export const dueColumns = columnsOf(JobRow, { only: ['id', 'queue', 'class', 'attempt'] });

/** A job that should be in the queue. */
export interface DueJob extends RowOf<typeof dueColumns> {}

/**
 * A job to queue. There is one for each queue and key: while it waits nothing is added, and while
 * it runs it is marked to run once more, as that run may not see what this transaction commits.
 */
export type NewJob = Pick<JobRow, 'queue' | 'key' | 'class'> & Partial<JobTurn>;

/** Source of a job and its order there, for queues whose sources take turns. */
export type JobTurn = Pick<JobRow, 'connection' | 'repository' | 'isLarge' | 'isResumed' | 'turn'>;

/** Jobs of one queue to enqueue. */
export function jobsOf(queue: QueueName, keys: readonly string[], jobClass: JobClass): NewJob[] {
  return keys.map((key) => ({ queue, key, class: jobClass }));
}

const stateOnly = columnsOf(JobRow, { only: ['state'] });
const newJobs = unnestOf(JobRow, [
  'id',
  'queue',
  'key',
  'class',
  'traceparent',
  'connection',
  'repository',
  'isLarge',
  'isResumed',
  'turn',
]);
const timeOnly = columnsOf(OutboxRow, { only: ['time'] });
const newEvents = unnestOf(OutboxRow, ['id', 'type', 'channel', 'subject', 'source', 'data', 'traceparent']);

/** Text of a query after its select list, or the query around the list. */
type Rest = string | ((columns: string) => string);

/** Statements, in a transaction or each on its own. */
export interface Queries {
  /** Runs a statement whose rows are counted at most. */
  query(sql: string, parameters?: readonly unknown[]): Promise<unknown[]>;
  /**
   * Reads rows in the shape of a select list that is generated from entities.
   * @param rest what follows the list, `FROM push WHERE …`; of a longer query, a function that puts
   * the list into it
   */
  rows<Row>(columns: Columns<Row>, rest: Rest, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Runs `INSERT`, `UPDATE` or `DELETE` and returns the rows that it wrote, as by `RETURNING`. */
  returning<Row>(columns: Columns<Row>, statement: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /**
   * Runs a query whose rows are no rows of a table: counts, groups, documents. Columns of entities
   * are not listed by hand in it: a test searches the sources for them.
   */
  aggregate<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
}

/** Change of one object, for the audit log. */
export interface RecordedChange {
  /** Id or name of the object. */
  subject: string;
  /** The object before; null where there was none. Without secrets. */
  before: object | null;
  /** The object after; null where there is none any more. Without secrets. */
  after: object | null;
  /** User or service account, where only the change shows who acts: a sign-in. */
  actor?: string;
  /** Action, where the change is not that of the act: the session that the setup link opens. */
  action?: AuditAction;
}

/** Transaction over rows, the events about them and the jobs that follow from them. */
export interface Transaction extends Queries {
  /**
   * Records a change in the audit log, if a user's act is under way: its entry is committed with
   * the change. Changes that the platform makes by itself have no entry.
   */
  record(change: RecordedChange): void;
  /**
   * Writes many new rows, whose columns are those of `names`.
   * @param lines of `lineEncoder`
   * @throws where one of them exists
   */
  copy<Row extends object>(
    entity: Entity<Row>,
    names: readonly ColumnName<Row>[],
    lines: Iterable<string> | Iterable<Buffer>,
  ): Promise<void>;
  /** Adds events to the outbox. Any process publishes them after the commit. */
  emit(...drafts: Draft[]): Promise<void>;
  /**
   * Queues jobs. Their rows are written at the end of the transaction, so that they are locked only
   * for a moment. They are added to Redis after the commit; the sweeper adds them if the process
   * dies in between.
   */
  enqueue(...jobs: NewJob[]): Promise<void>;
  /** Adds jobs to Redis after the commit that this transaction has put back into the queue. */
  due(...jobs: DueJob[]): void;
}

/** An event with its type. */
export interface TypedEvent {
  event: CloudEvent;
  type: EventType;
}

/** A statement with its parameters. */
export interface SqlStatement {
  sql: string;
  parameters: readonly unknown[];
}

/** Limits of a caller, by which statements read only some rows of each table. */
export interface RowLimits {
  /** @throws Error for a statement that writes */
  apply(statement: SqlStatement): SqlStatement;
}

/** Rows of one query that are read in parts. */
export interface Cursor<Row> {
  /** Takes the next rows, and returns how many there were: fewer than `count` at the end. */
  fetch(count: number, take: (row: Row) => void): Promise<number>;
  /** Ends the transaction, and returns the connection to the pool. */
  close(): Promise<void>;
}

interface Committed {
  events: TypedEvent[];
  jobs: DueJob[];
}

/** Effects of a transaction that the store itself completes. */
interface Pending extends Committed {
  enqueued: TracedJob[];
  changes: RecordedChange[];
}

interface TracedJob extends NewJob {
  traceparent: string | null;
}

type CommitListener = (committed: Committed) => void;

/** Adds rows to a transaction that is about to commit, with the changes that it recorded. */
type CommitHook = (tx: Transaction, changes: readonly RecordedChange[]) => Promise<void>;

/**
 * Setting of a transaction that does not wait until its commit is on disk. Another commit that does
 * brings it there first, so that only a crash of PostgreSQL within less than a second undoes it:
 * for what may be done once more.
 */
export const withoutFlush = '; SET LOCAL synchronous_commit = off';

/**
 * Condition that is true, and lets a statement outside of a transaction commit as
 * {@link withoutFlush} does.
 */
export const isUnflushed = `set_config('synchronous_commit', 'off', true) = 'off'`;

/**
 * Access to PostgreSQL: queries, and transactions in which rows, events and jobs commit together.
 */
@Injectable()
export class Store implements Queries {
  readonly #listeners: CommitListener[] = [];
  readonly #hooks: CommitHook[] = [];
  readonly #limits = new AsyncLocalStorage<RowLimits | null>();

  constructor(
    private readonly connection: { createQueryRunner(): QueryRunner },
    /** Name of the service, which is the source of its events. */
    readonly service: string,
    /** `read`: PostgreSQL refuses every statement that writes. */
    private readonly access: 'read' | 'write' = 'write',
  ) {}

  /** Calls `listener` after every commit with events or jobs. */
  onCommit(listener: CommitListener): void {
    this.#listeners.push(listener);
  }

  /** Calls `hook` at the end of every transaction, before its commit. */
  beforeCommit(hook: CommitHook): void {
    this.#hooks.push(hook);
  }

  /**
   * Runs `work`, whose statements read what lies within the limits and must not write. The limits
   * follow its promises, not what a stream or a timer calls later: `AsyncLocalStorage.snapshot`
   * takes them along.
   */
  async within<Result>(limits: RowLimits, work: () => Promise<Result>): Promise<Result> {
    return this.#limits.run(limits, work);
  }

  /** Runs `work` without limits, for a change that {@link within} them was found to be allowed. */
  async unlimited<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#limits.run(null, work);
  }

  /**
   * Whether someone has decided about limits. A stream or a timer that has lost its request has no
   * decision, and must not read as if it had no limits.
   */
  get isDecided(): boolean {
    return this.#limits.getStore() !== undefined;
  }

  /** Whether limits apply, so that results must not be shared with other callers. */
  get isLimited(): boolean {
    return this.#limits.getStore() != null;
  }

  /** Like {@link Queries.query}, with unchecked rows, which only tests read. */
  async query<Row = unknown>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    return this.#records(sql, parameters);
  }

  async rows<Row>(columns: Columns<Row>, rest: Rest, parameters?: readonly unknown[]): Promise<Row[]> {
    return this.#records(selectOf(columns, rest), parameters);
  }

  async returning<Row>(columns: Columns<Row>, statement: string, parameters?: readonly unknown[]): Promise<Row[]> {
    return this.#records(`${statement} RETURNING ${columns}`, parameters);
  }

  async aggregate<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]> {
    return this.#records(sql, parameters);
  }

  /**
   * Runs a query that is put together from many conditions, of which the planner expects far more
   * rows than there are.
   */
  async assembled<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    const statement = this.#limited({ sql, parameters });
    return this.#read(async (runner) =>
      readOnly(runner, async () => records<Row>(runner, statement), assembledSettings),
    );
  }

  /**
   * Opens an {@link assembled} query of which all rows are read. It holds a connection, in a
   * transaction that cannot write, until it is closed.
   */
  async cursor<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Cursor<Row>> {
    const statement = this.#limited({ sql, parameters });
    return unlessStale(async () => openCursor<Row>(this.connection.createQueryRunner(), statement));
  }

  /**
   * Reads or writes whole rows of an entity with TypeORM, where no other row and no speed matters.
   */
  async entity<Row extends object, Result>(
    entity: Entity<Row>,
    work: (repository: Repository<Row>) => Promise<Result>,
  ): Promise<Result> {
    this.#refuseLimits();
    return this.#run(async (runner) => {
      const run = async (): Promise<Result> => work(runner.manager.getRepository(entity));
      return this.access === 'read' ? readOnly(runner, run) : run();
    });
  }

  async #records<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    if (this.isLimited) return this.assembled(sql, parameters);
    const run = async (runner: QueryRunner): Promise<Row[]> => records<Row>(runner, { sql, parameters });
    return this.access === 'read'
      ? this.#read(async (runner) => readOnly(runner, async () => run(runner)))
      : this.#run(run);
  }

  /** {@link #run} for one statement that reads in a transaction of its own, and may be repeated. */
  async #read<Result>(work: (runner: QueryRunner) => Promise<Result>): Promise<Result> {
    return unlessStale(async () => this.#run(work));
  }

  #limited(statement: SqlStatement): SqlStatement {
    return this.#limits.getStore()?.apply(statement) ?? statement;
  }

  /** TypeORM writes its own statements. */
  #refuseLimits(): void {
    if (this.isLimited) throw new Error('rows of an entity cannot be read within limits');
  }

  /** Runs one statement on its own. */
  async #run<Result>(work: (runner: QueryRunner) => Promise<Result>): Promise<Result> {
    const runner = this.connection.createQueryRunner();
    try {
      return await work(runner);
    } catch (error) {
      throw explained(error, runner);
    } finally {
      await runner.release();
    }
  }

  /**
   * Runs `work` in one transaction.
   * @param settings statements for it alone, each after a semicolon: `; SET LOCAL jit = off`
   * @throws Unavailable `STORE_UNAVAILABLE` when PostgreSQL cannot be reached or the error is
   * retryable, `STORE_TIMEOUT` when it took too long; nothing is committed.
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>, settings = ''): Promise<T> {
    const pending: Pending = { events: [], jobs: [], enqueued: [], changes: [] };
    const runner = this.connection.createQueryRunner();
    let isOpen = false;
    try {
      await runner.connect();
      isOpen = true;
      const access = this.access === 'read' ? ' READ ONLY' : '';
      await records(runner, { sql: `START TRANSACTION${access}${settings}`, parameters: [] });
      const tx = this.#open(runner, pending);
      const result = await work(tx);
      for (const hook of this.#hooks) await this.unlimited(async () => hook(tx, pending.changes));
      pending.jobs.push(...(await insertJobs(tx, pending.enqueued)));
      failpoint('store.before-commit');
      await records(runner, { sql: 'COMMIT', parameters: [] });
      isOpen = false;
      failpoint('store.committed');
      this.#notify(pending);
      return result;
    } catch (error) {
      const reason = explained(error, runner);
      if (isOpen) await records(runner, { sql: 'ROLLBACK', parameters: [] }).catch(() => undefined);
      throw reason;
    } finally {
      await runner.release().catch(() => undefined);
    }
  }

  /** Runs `work` unless this consumer has handled the event before; returns whether it ran. */
  async once(consumer: string, eventId: string, work: (tx: Transaction) => Promise<void>): Promise<boolean> {
    return this.transaction(async (tx) => {
      const fresh = await tx.query(
        'INSERT INTO inbox (consumer, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING event_id',
        [consumer, eventId],
      );
      if (fresh.length === 0) return false;
      await work(tx);
      return true;
    });
  }

  /**
   * {@link once} for several events in one transaction: `work` runs concurrently for all new ones,
   * so that repositories can batch their statements. All of them commit, or none.
   */
  async onceEach(
    consumer: string,
    eventIds: readonly string[],
    work: (tx: Transaction, eventId: string) => Promise<void>,
  ): Promise<void> {
    await this.transaction(async (tx) => {
      const fresh = await tx.aggregate<{ id: string }>(
        // In id order, or two processes with the same events could deadlock.
        `INSERT INTO inbox (consumer, event_id) SELECT $1, id FROM unnest($2::uuid[]) AS id ORDER BY id
         ON CONFLICT DO NOTHING RETURNING event_id AS id`,
        [consumer, eventIds],
      );
      await allEnded(fresh.map(({ id }) => work(tx, id)));
    });
  }

  #open(runner: QueryRunner, pending: Pending): Transaction {
    let last: Promise<unknown> = Promise.resolve();
    // Serializes statements, as a connection runs one at a time.
    const next = async <Result>(work: () => Promise<Result>): Promise<Result> => {
      const result = last.then(work);
      last = result.catch(() => undefined);
      return result;
    };
    const query = async <Row>(sql: string, parameters: readonly unknown[] = []) => {
      const statement = this.#limited({ sql, parameters });
      return next(async () => records<Row>(runner, statement));
    };
    const tx: Transaction = {
      query,
      aggregate: query,
      rows: async (columns, rest, parameters) => query(selectOf(columns, rest), parameters),
      returning: async (columns, statement, parameters) => query(`${statement} RETURNING ${columns}`, parameters),
      copy: async (entity, names, lines) => {
        this.#refuseLimits();
        return next(async () => copyLines(runner, entity, names, lines));
      },
      emit: async (...drafts) => {
        const events = drafts.map((each) => eventOf(each, `/tidewaiter/${this.service}`));
        pending.events.push(...(await insertEvents(tx, events)));
      },
      enqueue: async (...jobs) => {
        const traceparent = currentTraceparent() ?? null;
        pending.enqueued.push(...jobs.map((job) => ({ ...job, traceparent })));
      },
      due: (...jobs) => void pending.jobs.push(...jobs),
      record: (change) => void pending.changes.push(change),
    };
    return tx;
  }

  #notify(committed: Committed): void {
    if (committed.events.length === 0 && committed.jobs.length === 0) return;
    for (const listener of this.#listeners) listener(committed);
  }
}

/**
 * Waits for all concurrent works of one transaction, even if one has failed: no query may run after
 * its end.
 * @throws the error of the first one in the list that failed
 */
export async function allEnded(works: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(works);
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}

function selectOf(columns: Columns<unknown>, rest: Rest): string {
  return typeof rest === 'string' ? `SELECT ${columns} ${rest}` : rest(columns.toString());
}

/** Runs a statement on the connection itself: TypeORM takes as long as a small statement does. */
async function records<Row>(runner: QueryRunner, { sql, parameters }: SqlStatement): Promise<Row[]> {
  const client = (await runner.connect()) as StatementClient;
  const values = parameters.map(storable);
  try {
    // Several statements in one text have several results.
    return ((await client.query(sql, values)).rows ?? []) as Row[];
  } catch (error) {
    throw new QueryFailedError(sql, values, error as Error);
  }
}

/** The call of a client of `pg` for one statement. */
interface StatementClient {
  query(sql: string, values: unknown[]): Promise<{ rows?: unknown[] }>;
}

/**
 * Takes the rows of a query one by one, as they arrive. The driver's array of thousands of wide
 * rows would be moved to the old generation, and take more time to collect than to read.
 */
async function eachRow(runner: QueryRunner, sql: string, take: (row: unknown) => void): Promise<number> {
  const client = (await runner.connect()) as RowClient;
  let count = 0;
  let failure: unknown;
  await new Promise<void>((resolve, reject) => {
    const query = new Query(sql);
    query.on('row', (row: unknown, result) => {
      if (result) result.rows.length = 0;
      count += 1;
      if (failure !== undefined) return;
      try {
        take(row);
      } catch (error) {
        // The driver has no handler for what is thrown here.
        failure = error;
      }
    });
    client.query(query, (error) => (error ? reject(error) : resolve()));
  });
  if (failure !== undefined) throw failure;
  return count;
}

/** The call of a client of `pg` for a query with events of its own. */
interface RowClient {
  query(query: Query, done: (error: Error | null) => void): void;
}

function eventOf(
  { event: type, subject, data, traceparent = currentTraceparent() }: Draft,
  source: string,
): TypedEvent {
  const envelope = { specversion: '1.0', datacontenttype: 'application/json' } as const;
  const event = { ...envelope, id: uuidv7(), type: type.type, source, subject, time: new Date().toISOString(), data };
  return { event: traceparent === undefined ? event : { ...event, traceparent }, type };
}

/**
 * Settings for a statement of many conditions. JIT is off: compiling would take longer than the
 * query. The memory is for sets of images that a condition looks up, which PostgreSQL would
 * otherwise read again for each row. A plan for any values would know nothing of the conditions.
 */
const assembledSettings = `; SET LOCAL jit = off; SET LOCAL work_mem = '32MB'; SET LOCAL plan_cache_mode = force_custom_plan`;

/** A plan for all rows: by default PostgreSQL expects that a tenth of them is read. */
const cursorSettings = '; SET LOCAL cursor_tuple_fraction = 1';

async function openCursor<Row>(runner: QueryRunner, statement: SqlStatement): Promise<Cursor<Row>> {
  const close = async (): Promise<void> => {
    await runner.query('ROLLBACK').catch(() => undefined);
    await runner.release().catch(() => undefined);
  };
  try {
    await runner.query(`BEGIN READ ONLY${assembledSettings}${cursorSettings}`);
    await records(runner, { ...statement, sql: `DECLARE all_rows NO SCROLL CURSOR FOR ${statement.sql}` });
  } catch (error) {
    const reason = explained(error, runner);
    await close();
    throw reason;
  }
  const fetch: Cursor<Row>['fetch'] = async (count, take) => {
    try {
      return await eachRow(runner, `FETCH ${count} FROM all_rows`, (row) => take(row as Row));
    } catch (error) {
      throw explained(error, runner);
    }
  };
  return { fetch, close };
}

/** Repeats what failed only because its statement had been prepared before. */
async function unlessStale<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Unavailable) || !isStaleStatement(error.cause)) throw error;
    return work();
  }
}

/** Reads in a transaction that cannot write. */
async function readOnly<Result>(runner: QueryRunner, read: () => Promise<Result>, settings = ''): Promise<Result> {
  await runner.query(`BEGIN READ ONLY${settings}`);
  try {
    return await read();
  } finally {
    await runner.query('ROLLBACK').catch(() => undefined);
  }
}

/** Returns the events with the time of their row, by which they are published again. */
async function insertEvents(tx: Transaction, events: readonly TypedEvent[]): Promise<TypedEvent[]> {
  if (events.length === 0) return [];
  const rows = await tx.returning(
    timeOnly,
    `INSERT INTO outbox (${newEvents.columns}) SELECT ${newEvents.values} FROM ${newEvents.table}`,
    newEvents.parameters(
      events.map(({ event: { id, subject, source, data, traceparent = null }, type: { type, channel } }) => ({
        ...{ id, type, channel, subject, source, data, traceparent },
      })),
    ),
  );
  const time = rows[0]!.time.toISOString();
  return events.map(({ event, type }) => ({ event: { ...event, time }, type }));
}

/**
 * Every enqueued job must begin after this transaction commits, or it would not see what is new. A
 * waiting row is locked until then, so that no worker claims it earlier; a running one is marked.
 */
async function insertJobs(tx: Transaction, jobs: readonly TracedJob[]): Promise<DueJob[]> {
  if (jobs.length === 0) return [];
  const written = await tx.returning(
    dueColumns.and(stateOnly),
    `INSERT INTO job (${newJobs.columns}) SELECT ${newJobs.values} FROM ${newJobs.table}
     ON CONFLICT (queue, key) WHERE state IN ('queued', 'running')
     DO UPDATE SET again = true WHERE job.state = 'running'`,
    newJobs.parameters(onceEach(jobs).map((job) => rowOf(uuidv7(), job))),
  );
  return written
    .filter(({ state }) => state === 'queued')
    .map(({ id, queue, class: jobClass, attempt }) => ({ id, queue, class: jobClass, attempt }));
}

function rowOf(id: string, job: TracedJob) {
  return { id, connection: '', repository: '', isLarge: false, isResumed: false, turn: id, ...job };
}

/** Without repetitions, in one order for all transactions, which lock the rows in it. */
function onceEach(jobs: readonly TracedJob[]): TracedJob[] {
  const unique = new Map<string, TracedJob>();
  for (const job of jobs) {
    const name = `${job.queue} ${job.key}`;
    const known = unique.get(name);
    if (!known || (known.class === 'bulk' && job.class === 'interactive')) unique.set(name, job);
  }
  return [...unique.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, job]) => job);
}

function explained(error: unknown, runner: QueryRunner): unknown {
  if (error instanceof TidewaiterError) return error;
  if (isTimeout(error)) return new Unavailable('STORE_TIMEOUT', 'PostgreSQL took too long', { cause: error });
  // TypeORM releases a runner whose connection breaks between two statements, which makes the next
  // statement fail.
  if (!isOutage(error) && !runner.isReleased) return error;
  return new Unavailable('STORE_UNAVAILABLE', 'PostgreSQL cannot be reached', { cause: error });
}
