import { Injectable } from '@nestjs/common';
import { Unavailable } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import { columnsOf, type RowOf } from './columns.js';
import {
  claimAssignments,
  type ClaimedJob,
  claimedColumns,
  claimFairly,
  claimSettings,
  type Cursors,
  type FairClaim,
  type FairlyClaimedJob,
  noteSourceRun,
  type SourceRun,
} from './fair-claims.js';
import { GroupCommit } from './group-commit.js';
import { jobClasses, JobRow } from './job-rows.js';
import { inQueue, type QueueName } from './queues.js';
import { type DueJob, dueColumns, Store, type Transaction } from './store.js';

export interface JobFailure {
  code: string;
  reason: string;
  /** Delay until the next try; null fails the job for good. */
  retryInMs: number | null;
  /** False if the job was requeued without an attempt. */
  wasTried?: boolean;
}

interface Claim {
  id: string;
  token: string;
  leaseMs: number;
}

interface Backlog {
  queued: number;
  running: number;
  oldestSeconds: number;
}

/** @param waitsSince SQL for the time since when a queued job waits; null while it does not */
const backlogColumns = (
  waitsSince: string,
) => `count(*) FILTER (WHERE state = 'queued')::int AS queued, count(*) FILTER (WHERE state = 'running')::int AS running,
  coalesce(extract(epoch FROM now() - min(${waitsSince}) FILTER (WHERE state = 'queued')), 0)::float AS "oldestSeconds"`;
const dueSince = 'CASE WHEN run_at <= now() THEN run_at END';
/** Unlike a first run that is due later, a retry waits. */
const waitingSince = `CASE WHEN attempt > 0 THEN created_at ELSE ${dueSince} END`;

/** SQL condition on a job that a worker may claim. */
const isFree = `((state = 'queued' AND run_at <= now() + interval '1 second') OR (state = 'running' AND lease_until < now()))`;

const requeuedColumns = dueColumns.computed<{ pauseMs: number }>({
  pauseMs: 'extract(epoch FROM run_at - now())::float8 * 1000',
});

/** A failed job that is queued again, with the pause until it is due. */
export type RequeuedJob = RowOf<typeof requeuedColumns>;

const endedColumns = columnsOf(JobRow, { of: 'job', only: ['id', 'queue', 'class', 'attempt', 'state'] });

/**
 * Assignments that end a running job; a job that was enqueued again waits for its next run, whose
 * attempts are counted from 1. `attempt` grows on: it names the try in Redis.
 */
function endOrRunAgain(state: 'done' | 'dead'): string {
  return `state = CASE WHEN again THEN 'queued' ELSE '${state}' END, finished_at = CASE WHEN NOT again THEN now() END,
    put_back = CASE WHEN again THEN attempt ELSE put_back END, created_at = CASE WHEN again THEN now() ELSE created_at END,
    run_at = CASE WHEN again THEN now() ELSE run_at END, swept_at = now(), lease_token = NULL, lease_until = NULL, again = false`;
}

/** Adds jobs to the queue that did not end because they were enqueued again; returns how many. */
function queueAgain(tx: Transaction, ended: readonly RowOf<typeof endedColumns>[]): number {
  const queued = ended.filter(({ state }) => state === 'queued');
  tx.due(...queued.map(({ id, queue, class: jobClass, attempt }) => ({ id, queue, class: jobClass, attempt })));
  return queued.length;
}

/** Limit on looks at the repositories of a registry for one claim. */
const maxWindows = 100;

/** Time in which a source is noted once as quick; another process may find it slow meanwhile. */
const quickNoteMs = 2_000;
/** Limit on the sources that a process remembers. */
const maxQuickNotes = 10_000;

/** Limit on the lost jobs that one sweep requeues. */
const sweepLimit = 2_000;

/** Limits of the batcher of claims. The concurrency of the workers already bounds what waits. */
const claimLimits = { concurrency: 1, batchBytes: Infinity, waitingBytes: Infinity, timeoutMs: 10_000 };

/**
 * Ledger of jobs with their leases, from which lost jobs are requeued. Redis only transports their
 * ids.
 */
@Injectable()
export class Jobs {
  readonly #claims = new GroupCommit(async (claims: readonly Claim[]) => this.#claim(claims), claimLimits);

  /** Cursors of the next claims of this process, by queue and class. */
  readonly #cursors = new Map<string, Cursors>();

  /** When this process last noted that a source is quick, and none since that one is slow. */
  readonly #quickNotes = new Map<string, number>();

  constructor(private readonly store: Store) {}

  /** Called with jobs that have just been committed. */
  onQueued(listener: (jobs: DueJob[]) => void): void {
    this.store.onCommit(({ jobs }) => {
      if (jobs.length > 0) listener(jobs);
    });
  }

  /** Claims a job for `leaseMs`; null when it is done, not due, or leased by another worker. */
  async claim(id: string, leaseMs: number): Promise<ClaimedJob | null> {
    return this.#claims.add({ id, token: uuidv7(), leaseMs });
  }

  /**
   * Claims the job of a queue whose turn it is, see {@link claimFairly}; null when none is due that
   * may be claimed.
   */
  async claimNext(queue: QueueName, leaseMs: number, maySlow: boolean): Promise<FairlyClaimedJob | null> {
    // One transaction for both classes: most claims are in vain, after the last job.
    return this.store.transaction(async (tx) => {
      for (const jobClass of jobClasses) {
        const job = await this.#claimOf(tx, { queue, jobClass, token: uuidv7(), leaseMs, maySlow });
        if (job) return job;
      }
      return null;
    }, claimSettings);
  }

  /**
   * Records how fast a claimed job was, which decides about the lane of the next ones; nothing for
   * a source that is as quick as a moment ago.
   */
  async noteRun(job: ClaimedJob, run: SourceRun): Promise<void> {
    const source = JSON.stringify([job.queue, job.connection, job.repository]);
    const now = performance.now();
    if (run.isQuick && now - (this.#quickNotes.get(source) ?? -Infinity) < quickNoteMs) return;
    await noteSourceRun(this.store, job, run);
    if (!run.isQuick || this.#quickNotes.size >= maxQuickNotes) this.#quickNotes.clear();
    if (run.isQuick) this.#quickNotes.set(source, now);
  }

  /** Whether a job can be claimed: after a claim in vain, another transaction has locked it. */
  async isClaimable(id: string): Promise<boolean> {
    return (await this.store.query(`SELECT FROM job WHERE id = $1 AND ${isFree}`, [id])).length > 0;
  }

  /**
   * Extends the lease of a job; false when another worker has claimed it, and the work in progress
   * is void.
   */
  async extend(job: ClaimedJob, leaseMs: number): Promise<boolean> {
    const extended = await this.store.query(
      `UPDATE job SET lease_until = now() + $3 * interval '1 millisecond'
       WHERE id = $1 AND lease_token = $2 AND state = 'running' RETURNING id`,
      [job.id, job.token, leaseMs],
    );
    return extended.length > 0;
  }

  /**
   * Ends a job in the transaction of its effects.
   * @throws Unavailable `LEASE_LOST` when another worker holds it by now; the transaction must not
   * commit.
   */
  async finish(tx: Transaction, job: ClaimedJob): Promise<void> {
    const finished = await this.finishAll(tx, [job]);
    if (finished.size === 0) throw leaseLost(job);
  }

  /**
   * Ends several jobs in the transaction of their effects; returns the ids of those still held:
   * effects of others must not commit. A job that was enqueued again while it ran is queued anew.
   */
  async finishAll(tx: Transaction, jobs: readonly ClaimedJob[]): Promise<Set<string>> {
    const finished = await tx.returning(
      endedColumns,
      `UPDATE job SET ${endOrRunAgain('done')}
       FROM unnest($1::uuid[], $2::uuid[]) AS held (held_id, token)
       WHERE job.id = held_id AND lease_token = held.token AND state = 'running'`,
      [jobs.map(({ id }) => id), jobs.map(({ token }) => token)],
    );
    queueAgain(tx, finished);
    return new Set(finished.map(({ id }) => id));
  }

  /**
   * Requeues a job after a failure, or ends it with a dead letter; returns the job to queue after
   * its pause, null for a dead letter. A job that was enqueued again while it ran for the last time
   * is queued anew instead, with all its tries.
   * @throws Unavailable `LEASE_LOST` when another worker holds it by now
   */
  async fail(job: ClaimedJob, failure: JobFailure): Promise<RequeuedJob | null> {
    return this.store.transaction((tx) => this.failIn(tx, job, failure));
  }

  /**
   * {@link fail} inside a transaction with the consequences of the failure, which must not commit
   * when this throws.
   */
  async failIn(tx: Transaction, job: ClaimedJob, failure: JobFailure): Promise<RequeuedJob | null> {
    const { code, reason, retryInMs, wasTried = true } = failure;
    if (retryInMs !== null) {
      const [failed] = await tx.returning(
        requeuedColumns,
        `UPDATE job SET state = 'queued', code = $3, reason = $4, lease_token = NULL, lease_until = NULL, swept_at = now(),
           put_back = put_back + CASE WHEN $6 THEN 0 ELSE 1 END,
           run_at = now() + CASE WHEN again AND NOT $6 THEN 0 ELSE $5 END * interval '1 millisecond'
         WHERE id = $1 AND lease_token = $2 AND state = 'running'`,
        [job.id, job.token, code, reason, retryInMs, wasTried],
      );
      if (!failed) throw leaseLost(job);
      return failed;
    }
    const ended = await tx.returning(
      endedColumns,
      `UPDATE job SET code = $3, reason = $4, ${endOrRunAgain('dead')}
       WHERE id = $1 AND lease_token = $2 AND state = 'running'`,
      [job.id, job.token, code, reason],
    );
    if (ended.length === 0) throw leaseLost(job);
    if (queueAgain(tx, ended) > 0) return null;
    await tx.query(
      `INSERT INTO dead_letter (id, stage, worker, job_id, subject, code, reason, attempts)
       VALUES ($1, 'job', $2, $3, $4, $5, $6, $7)`,
      [uuidv7(), job.queue, job.id, job.key, code, reason, job.attempt],
    );
    return null;
  }

  /**
   * Jobs that may be missing in these queues: due jobs that were not claimed, and jobs whose lease
   * expired. Adding one that is already queued does no harm.
   */
  async lost(queues: readonly QueueName[]): Promise<DueJob[]> {
    return this.store.returning(
      dueColumns,
      // A job whose worker died waits for its turn again.
      `UPDATE job SET swept_at = now(), state = CASE WHEN connection = '' THEN state ELSE 'queued' END WHERE id IN (
         SELECT id FROM job
         WHERE queue = ANY($1) AND ((state = 'queued' AND run_at < now() AND swept_at < now() - interval '10 seconds')
           OR (state = 'running' AND lease_until < now() AND (swept_at < lease_until OR swept_at < now() - interval '10 seconds')))
         ORDER BY run_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [queues, sweepLimit],
    );
  }

  /**
   * Notes why a running job is about to be put back, for {@link hasten}. What is over by now is
   * seen by another look after this note.
   */
  async noteWait(job: ClaimedJob, { code, reason }: Pick<JobFailure, 'code' | 'reason'>): Promise<void> {
    await this.store.query(
      `UPDATE job SET code = $3, reason = $4 WHERE id = $1 AND lease_token = $2 AND state = 'running'`,
      [job.id, job.token, code, reason],
    );
  }

  /**
   * Makes jobs of a source due that were put back for one of these reasons, which is over, or are
   * about to be. A process that ends a job of the queue claims them next. To be called when the
   * end is committed, so that a job that does not see it is made due.
   */
  async hasten(
    queue: QueueName,
    { connection, repository }: Pick<JobRow, 'connection' | 'repository'>,
    { code, reasons }: { code: string; reasons: readonly string[] },
  ): Promise<void> {
    const waits = '(connection, repository) = ($2, $3) AND code = $4 AND reason = ANY($5)';
    await this.store.query(
      // Both classes are named so that the index of the sources is used.
      `UPDATE job SET run_at = now(), again = again OR state = 'running' WHERE state IN ('queued', 'running') AND ${waits}
         AND id = ANY(ARRAY(
           SELECT id FROM job WHERE ${inQueue(queue)} AND class = ANY($1) AND state = 'queued' AND ${waits}
           UNION ALL SELECT id FROM job WHERE ${inQueue(queue)} AND state = 'running' AND ${waits}))`,
      [jobClasses, connection, repository, code, reasons],
    );
  }

  /** Whether an older job of the same queue runs whose key has this prefix. */
  async isOlderRunning({ id, queue }: ClaimedJob, keyPrefix: string): Promise<boolean> {
    const running = await this.store.query(
      `SELECT id FROM job WHERE state = 'running' AND lease_until > now() AND queue = $1 AND starts_with(key, $2) AND id < $3 LIMIT 1`,
      [queue, keyPrefix, id],
    );
    return running.length > 0;
  }

  /** Whether a job of this queue is queued or running, or has ended in the last `withinMs`. */
  async isPendingOrEndedWithin(queue: QueueName, withinMs: number, key?: string): Promise<boolean> {
    const jobs = await this.store.query(
      `SELECT id FROM job WHERE queue = $1 AND ($3::text IS NULL OR key = $3)
         AND (state IN ('queued', 'running') OR finished_at > now() - $2 * interval '1 millisecond') LIMIT 1`,
      [queue, withinMs, key ?? null],
    );
    return jobs.length > 0;
  }

  /** Numbers of queued and running jobs, and the age in seconds of the oldest due one. */
  async backlog(queue: QueueName): Promise<Backlog> {
    const [row] = await this.store.aggregate<Backlog>(
      `SELECT ${backlogColumns(dueSince)} FROM job WHERE queue = $1 AND state IN ('queued', 'running')`,
      [queue],
    );
    return row ?? { queued: 0, running: 0, oldestSeconds: 0 };
  }

  /**
   * Queued and running jobs of every queue that has some, and the age in seconds of the oldest one
   * that waits, also for its next try.
   */
  async backlogs(): Promise<(Backlog & Pick<JobRow, 'queue'>)[]> {
    return this.store.aggregate(
      `SELECT queue, ${backlogColumns(waitingSince)} FROM job WHERE state IN ('queued', 'running') GROUP BY queue ORDER BY queue`,
    );
  }

  /** Looks at all repositories before it returns null. */
  async #claimOf(tx: Transaction, claim: FairClaim): Promise<FairlyClaimedJob | null> {
    const name = `${claim.queue} ${claim.jobClass}`;
    let isWholeRound = false;
    for (let windows = 0; windows < maxWindows; windows += 1) {
      const from = this.#cursors.get(name) ?? {};
      isWholeRound ||= Object.keys(from).length === 0;
      const { job, cursors } = await claimFairly(tx, claim, from);
      this.#cursors.set(name, cursors);
      if (job || (isWholeRound && Object.keys(cursors).length === 0)) return job;
    }
    return null;
  }

  async #claim(claims: readonly Claim[]): Promise<(ClaimedJob | null)[]> {
    const claimed = await this.store.returning(
      claimedColumns,
      `WITH free AS (
         SELECT job.id, claim.token, claim.lease_ms FROM unnest($1::uuid[], $2::uuid[], $3::float8[]) AS claim (id, token, lease_ms) JOIN job USING (id)
         WHERE ${isFree} FOR UPDATE OF job SKIP LOCKED)
       UPDATE job SET ${claimAssignments}, lease_token = free.token, lease_until = now() + free.lease_ms * interval '1 millisecond'
       FROM free WHERE job.id = free.id`,
      [claims.map(({ id }) => id), claims.map(({ token }) => token), claims.map(({ leaseMs }) => leaseMs)],
    );
    // One batch may claim the same job twice; the token identifies the winner.
    const byToken = new Map(claimed.map((job) => [job.token, job]));
    return claims.map(({ token }) => byToken.get(token) ?? null);
  }
}

/** Error for a job that another worker holds by now: effects of the job must not commit. */
export function leaseLost({ id }: ClaimedJob): Unavailable {
  return new Unavailable('LEASE_LOST', `job ${id} is held by another worker`);
}
