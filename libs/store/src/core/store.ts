import { Injectable } from '@nestjs/common';
import { TidewaiterError, Unavailable } from '@tidewaiter/domain';
import type { Draft } from '@tidewaiter/events';
import { currentTraceparent } from '@tidewaiter/runtime';
import { DataSource, type QueryRunner } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { isOutage } from './outage.js';
import { json, storable } from './storable.js';
import { TransactionBatcher } from './transaction-batcher.js';

/** Pushes and gates are interactive; rescans and re-matches are bulk and may wait. */
export type JobClass = 'interactive' | 'bulk';

/** A job that should be in the queue now, or in `delayMs`. */
export interface DueJob {
  id: string;
  queue: string;
  class: JobClass;
  /** Number of claims so far. */
  attempt: number;
  delayMs: number;
}

/** A job to queue. Nothing is added while a job with the same queue and key is queued or running. */
export interface NewJob {
  queue: string;
  key: string;
  class: JobClass;
}

/** Transaction over rows, the events about them and the jobs that follow from them. */
export interface Transaction {
  query<Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** Adds events to the outbox. Any process publishes them after the commit. */
  emit(...drafts: Draft[]): Promise<void>;
  /** Queues jobs. They are added to Redis after the commit; the sweeper adds them if the process dies in between. */
  enqueue(...jobs: NewJob[]): Promise<void>;
}

interface Committed {
  events: number;
  jobs: DueJob[];
}

interface TracedJob extends NewJob {
  traceparent: string | null;
}

type CommitListener = (committed: Committed) => void;

/** Access to PostgreSQL: queries, and transactions in which rows, events and jobs commit together. */
@Injectable()
export class Store {
  readonly #listeners: CommitListener[] = [];

  constructor(
    private readonly dataSource: DataSource,
    /** Name of the service, which is the source of its events. */
    readonly service: string,
  ) {}

  /** Calls `listener` after every commit with events or jobs. */
  onCommit(listener: CommitListener): void {
    this.#listeners.push(listener);
  }

  /** Runs one statement on its own. */
  async query<Row>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> {
    const runner = this.dataSource.createQueryRunner();
    try {
      return await records<Row>(runner, sql, parameters);
    } catch (error) {
      throw explained(error, runner);
    } finally {
      await runner.release();
    }
  }

  /**
   * Runs `work` in one transaction.
   * @throws Unavailable `STORE_UNAVAILABLE` when PostgreSQL cannot be reached or the error is
   * retryable; nothing is committed.
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const committed: Committed = { events: 0, jobs: [] };
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.connect();
      await runner.startTransaction();
      const result = await work(this.#open(runner, committed));
      await runner.commitTransaction();
      this.#tell(committed);
      return result;
    } catch (error) {
      const reason = explained(error, runner);
      if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
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
      const fresh = await tx.query<{ id: string }>(
        // In id order, or two processes with the same events could deadlock.
        `INSERT INTO inbox (consumer, event_id) SELECT $1, id FROM unnest($2::uuid[]) AS id ORDER BY id
         ON CONFLICT DO NOTHING RETURNING event_id AS id`,
        [consumer, eventIds],
      );
      await allEnded(fresh.map(({ id }) => work(tx, id)));
    });
  }

  #open(runner: QueryRunner, committed: Committed): Transaction {
    let last: Promise<unknown> = Promise.resolve();
    const queued = new TransactionBatcher<Transaction, readonly TracedJob[], void>(async (_tx, jobs) => {
      committed.jobs.push(...(await insertJobs(tx, jobs.flat())));
      return jobs.map(() => undefined);
    });
    const tx: Transaction = {
      // Serializes statements, as a connection runs one at a time.
      query: async <Row>(sql: string, parameters: readonly unknown[] = []) => {
        const result = last.then(() => records<Row>(runner, sql, parameters));
        last = result.catch(() => undefined);
        return result;
      },
      emit: async (...drafts) => {
        committed.events += drafts.length;
        await insertEvents(tx, `/tidewaiter/${this.service}`, drafts);
      },
      enqueue: async (...jobs) => {
        if (jobs.length === 0) return;
        const traceparent = currentTraceparent() ?? null;
        await queued.add(
          tx,
          jobs.map((job) => ({ ...job, traceparent })),
        );
      },
    };
    return tx;
  }

  #tell(committed: Committed): void {
    if (committed.events === 0 && committed.jobs.length === 0) return;
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

async function records<Row>(runner: QueryRunner, sql: string, parameters: readonly unknown[]): Promise<Row[]> {
  const result = await runner.query(sql, parameters.map(storable), true);
  return (result.records ?? []) as Row[];
}

async function insertEvents(tx: Transaction, source: string, drafts: readonly Draft[]): Promise<void> {
  if (drafts.length === 0) return;
  const running = currentTraceparent() ?? null;
  await tx.query(
    `INSERT INTO outbox (id, type, channel, subject, source, data, traceparent)
     SELECT id, type, channel, subject, $5, data, traceparent
     FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $6::text[], $7::jsonb[])
       AS event (id, type, channel, subject, traceparent, data)`,
    [
      drafts.map(() => uuidv7()),
      drafts.map(({ event }) => event.type),
      drafts.map(({ event }) => event.channel),
      drafts.map(({ subject }) => subject),
      source,
      drafts.map(({ traceparent }) => traceparent ?? running),
      drafts.map(({ data }) => json(data)),
    ],
  );
}

async function insertJobs(tx: Transaction, jobs: readonly TracedJob[]): Promise<DueJob[]> {
  return tx.query<DueJob>(
    `INSERT INTO job (id, queue, key, class, traceparent)
     SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[])
     ON CONFLICT (queue, key) WHERE state IN ('queued', 'running') DO NOTHING
     RETURNING id, queue, class, attempt, 0 AS "delayMs"`,
    [
      jobs.map(() => uuidv7()),
      jobs.map(({ queue }) => queue),
      jobs.map(({ key }) => key),
      jobs.map((job) => job.class),
      jobs.map(({ traceparent }) => traceparent),
    ],
  );
}

function explained(error: unknown, runner: QueryRunner): unknown {
  if (error instanceof TidewaiterError) return error;
  // TypeORM releases a runner whose connection breaks between two statements, which makes the next
  // statement fail.
  if (!isOutage(error) && !runner.isReleased) return error;
  return new Unavailable('STORE_UNAVAILABLE', 'PostgreSQL cannot be reached', { cause: error });
}
