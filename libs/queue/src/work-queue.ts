import { setTimeout as sleep } from 'node:timers/promises';

import { NotYet, TidewaiterError, Unavailable } from '@tidewaiter/domain';
import { type Logger, withSpan, failpoint } from '@tidewaiter/runtime';
import { redactedReason } from '@tidewaiter/secrets';
import { Queue, Worker } from 'bullmq';
import type { Histogram } from 'prom-client';

import { FairWork, quickMs } from './fair-work.js';
import type { Job, JobHandler, JobLedger, JobProblem, QueuedJob } from './job-handler.js';
import { OwnWork } from './own-work.js';
import { prefixOf, type RedisConnections } from './redis.js';

/**
 * Lease of a job, after which another worker may claim it: work of one that died goes on within 12
 * seconds. Four heartbeats, so that one that was busy for six seconds loses nothing.
 */
const leaseMs = 9_000;
const heartbeatMs = 2_000;
const drainTimeoutMs = 8_000;
/**
 * Share of its concurrency that a process may use for jobs that it queued itself, and the jobs that
 * may wait for each slot.
 */
const ownShare = 0.75;
const waitingPerPlace = 20;
/**
 * BullMQ serves jobs without priority first, and those are cheap to add; then lower numbers before
 * higher ones.
 */
const priorities = { interactive: 0, bulk: 1 };
/** Pauses between claims of a job that another transaction has locked. */
const lockPauses = 50;
const lockPauseMs = 100;
/** Longest pause that a timer of this process ends; the sweeper finds jobs with longer ones. */
const longestTimerMs = 60_000;
/**
 * Claims without a result that a job may have in addition to its planned tries: its worker died, or
 * lost the store. While all workers were killed again and again, one reconciliation of a registry
 * saw five deaths within a minute and a half.
 */
const extraTries = 5;

/**
 * Jitter as the largest fraction added to a pause, so that jobs that wait for the same thing do not
 * retry all at once.
 */
const retryJitter = 0.1;
const putBackJitter = 0.5;

interface Outcome {
  result: Result;
  isIdle?: boolean;
  error?: unknown;
}

/** How fast the source of a job was. */
interface SourceRun {
  isQuick: boolean;
  /** Whether its registry was slow or failed, not only the work for this repository. */
  isOfRegistry: boolean;
}

/** Outcome of one try of a job. */
type Result = 'done' | 'retried' | 'put back' | 'given up' | 'lost';

/** One queue in Redis and, in a process that has its handler, the worker that serves it. */
export class WorkQueue {
  readonly #queue: Queue;
  #worker: Worker | undefined;
  #own: OwnWork | undefined;
  #fair: FairWork<Job & { isSlow: boolean; isLast: boolean }> | undefined;
  readonly #pauses = new Set<NodeJS.Timeout>();

  constructor(
    readonly name: string,
    private readonly ledger: JobLedger,
    private readonly log: Logger,
    private readonly redis: RedisConnections,
    private readonly durations: Histogram<'queue' | 'result'>,
  ) {
    // BullMQ's queue requests the version when it connects; if Redis goes down at that moment, it
    // fails forever.
    this.#queue = new Queue(name, { connection: redis.producer(), prefix: prefixOf(name), skipVersionCheck: true });
    // An outage of Redis must not end the process; the sweeper adds missing jobs later.
    this.#queue.on('error', () => undefined);
    ledger.onQueued((jobs) => {
      const queued = jobs.filter(({ queue }) => queue === name);
      const others = this.#beginOwn(queued);
      if (others.length > 0) void this.#add(others);
    });
  }

  /** Starts the worker. */
  serve(handler: JobHandler): void {
    this.#worker = new Worker(
      this.name,
      async ({ data }: { data: { id: string } }) => this.#serveOne(handler, data.id),
      {
        connection: this.redis.worker(),
        prefix: prefixOf(this.name),
        concurrency: handler.concurrency,
        // The lease in the ledger decides who holds a job. BullMQ's lock is not renewed: when it
        // expires, the job is delivered again and either found to be leased, or its worker died
        // before it could claim it.
        lockDuration: leaseMs,
        skipLockRenewal: true,
        stalledInterval: leaseMs / 2,
        maxStalledCount: 1_000,
        // The default of 15 seconds is the time for which a worker would idle after Redis is back.
        runRetryDelay: 1_000,
      },
    );
    this.#worker.on('error', (err) => this.log.debug({ queue: this.name, err }, 'queue error'));
    if (handler.isFair) this.#fair = this.#fairWork(handler);
    if (handler.beginsOwn) this.#own = this.#ownWork(handler, this.#worker);
  }

  /**
   * Takes no more jobs and waits for running ones; another worker claims slower ones when their
   * lease expires.
   */
  async close(): Promise<void> {
    const ended = this.#end().catch((err: unknown) => this.log.warn({ queue: this.name, err }, 'queue close failed'));
    // Closing never ends without Redis.
    await Promise.race([ended, sleep(drainTimeoutMs, undefined, { ref: false })]);
  }

  async #end(): Promise<void> {
    const [left = []] = await Promise.all([this.#own?.close(), this.#fair?.close(), this.#worker?.close()]);
    // The sweeper of another process finds these.
    for (const pause of this.#pauses) clearTimeout(pause);
    if (left.length > 0) await this.#add(left);
    // Close last, because a failing job is added again.
    await this.#queue.close();
  }

  /** Adds jobs that Redis may have lost. */
  async addLost(jobs: readonly QueuedJob[]): Promise<void> {
    await this.#add(jobs);
  }

  /** Works on due jobs of a fair queue, which may have no entry in Redis. */
  serveDue(): void {
    void this.#fair?.serve();
  }

  /**
   * Begins jobs that this process has just queued, without a way through Redis; returns those that
   * Redis has to pass on. The sweeper finds jobs of a process that dies before it claims them.
   */
  #beginOwn(queued: readonly QueuedJob[]): readonly QueuedJob[] {
    if (this.#fair) return queued.slice(this.#fair.begin(queued.length));
    return this.#own?.take(queued) ?? queued;
  }

  /**
   * Shares the concurrency between own jobs and jobs from Redis; some is always left to jobs of
   * other processes and retries.
   */
  #ownWork(handler: JobHandler, worker: Worker): OwnWork {
    const atOnce = Math.floor(handler.concurrency * ownShare);
    return new OwnWork(
      { atOnce, waiting: atOnce * waitingPerPlace },
      (id) => this.#work(handler, id),
      (running) => (worker.concurrency = handler.concurrency - running),
    );
  }

  /** Redis only wakes a fair queue; the ledger decides which job is next. */
  #fairWork(handler: JobHandler): FairWork<Job & { isSlow: boolean; isLast: boolean }> {
    return new FairWork(
      handler.concurrency,
      (maySlow) => this.#noThrow(this.ledger.claimNext(this.name, leaseMs, maySlow)),
      async (job) => {
        const run = await this.#perform(handler, job);
        if (run) await this.ledger.noteRun(job, run).catch(() => undefined);
      },
      // The next jobs of its source need not wait for its end to be slow.
      (job) => void this.ledger.noteRun(job, { isQuick: false, isOfRegistry: false }).catch(() => undefined),
    );
  }

  async #serveOne(handler: JobHandler, id: string): Promise<void> {
    await (this.#fair?.serve() ?? this.#work(handler, id));
  }

  /**
   * Adds a job when its pause is over. BullMQ reckons delays by the clocks of the process that adds
   * and of the one that takes: one clock that is ten minutes ahead would make each retry that late.
   */
  #addLater(job: QueuedJob, pauseMs: number): void {
    if (pauseMs > longestTimerMs) return;
    const pause = setTimeout(() => {
      this.#pauses.delete(pause);
      void this.#add([job]);
    }, pauseMs).unref();
    this.#pauses.add(pause);
  }

  async #add(jobs: readonly QueuedJob[]): Promise<void> {
    const entries = jobs.map(({ id, attempt, class: jobClass }) => ({
      name: this.name,
      data: { id },
      // One id for each try: deduplicates, while a try that died with its worker does not block the
      // next one.
      opts: {
        jobId: `${id}-${attempt}`,
        priority: priorities[jobClass],
        removeOnComplete: true,
        removeOnFail: true,
      },
    }));
    try {
      await this.#queue.addBulk(entries);
      failpoint('queue.added');
    } catch (err) {
      this.log.warn({ queue: this.name, jobs: jobs.length, err }, 'queue unavailable');
    }
  }

  /** Never throws: the ledger decides about retries, not BullMQ. */
  async #work(handler: JobHandler, id: string): Promise<void> {
    const job = await this.#noThrow(this.#claim(id));
    if (job) await this.#perform(handler, job);
  }

  async #noThrow<Claimed>(claim: Promise<Claimed | null>): Promise<Claimed | null> {
    return claim.catch((err: unknown) => {
      this.log.warn({ queue: this.name, err }, 'claim failed');
      return null;
    });
  }

  /** Returns how fast the source of the job was; null if the try does not show it. */
  async #perform(handler: JobHandler, job: Job): Promise<SourceRun | null> {
    const { traceparent } = job;
    const startedAt = performance.now();
    let run: SourceRun | null = null;
    const attributes = {
      'messaging.system': 'bullmq',
      'messaging.destination.name': this.name,
      'messaging.message.id': job.id,
    };
    const end = this.durations.startTimer({ queue: this.name });
    await withSpan(
      `${this.name} job`,
      { traceparent: traceparent ?? undefined, kind: 'consumer', attributes },
      async () => {
        const outcome = await this.#run(handler, job);
        end({ result: outcome.result });
        run = sourceRun(job, outcome, performance.now() - startedAt);
      },
    );
    return run;
  }

  /** Waits for a transaction that enqueues the job again: the job must begin after its commit. */
  async #claim(id: string): Promise<Job | null> {
    for (let pauses = 0; ; pauses += 1) {
      const job = await this.ledger.claim(id, leaseMs);
      // After the last pause the sweeper finds the job.
      if (job || pauses === lockPauses || !(await this.ledger.isClaimable(id))) return job;
      await sleep(lockPauseMs);
    }
  }

  async #run(handler: JobHandler, job: Job): Promise<Outcome> {
    const lost = new AbortController();
    const beat = setInterval(() => void this.#extend(job, lost), heartbeatMs);
    const { timeoutMs } = handler;
    const late = new AbortController();
    const timer = timeoutMs && setTimeout(() => late.abort(timedOut(timeoutMs)), timeoutMs);
    try {
      // A job that kills its worker never reports a failure; only its number of claims shows it.
      if (job.attempt > tries(handler) + extraTries)
        throw new TidewaiterError('WORKER_LOST', 'its workers died or never answered');
      failpoint('queue.claimed');
      const end = await handler.handle(job, AbortSignal.any([lost.signal, late.signal]));
      failpoint('queue.handled');
      return { result: 'done', isIdle: end === 'idle' };
    } catch (error) {
      if (lost.signal.aborted || isLeaseLost(error)) {
        this.log.warn({ queue: this.name, job_id: job.id }, 'job lost');
        return { result: 'lost' };
      }
      // The error of an aborted call hides the timeout that caused it.
      const cause: unknown = late.signal.aborted ? late.signal.reason : error;
      return { result: await this.#failed(handler, job, cause), error: cause };
    } finally {
      clearInterval(beat);
      clearTimeout(timer);
    }
  }

  async #extend(job: Job, lost: AbortController): Promise<void> {
    // An error does not prove a lost lease: if the lease did expire, the transaction of the effects
    // will not commit.
    const isHeld = await this.ledger.extend(job, leaseMs).catch(() => true);
    if (!isHeld) lost.abort(new Unavailable('LEASE_LOST', 'another worker holds the job'));
  }

  async #failed(handler: JobHandler, job: Job, error: unknown): Promise<Result> {
    const problem = problemOf(error);
    const fields = {
      queue: this.name,
      job_id: job.id,
      key: job.key,
      attempt: job.attempt,
      code: problem.code,
      err: error,
    };
    const retryInMs = retryDelay(handler, job, error);
    const { wasTried } = problem;
    const tried = wasTried ? job : { ...job, attempt: job.attempt - 1 };
    try {
      if (retryInMs === null) {
        await handler.giveUp(tried, problem);
        failpoint('queue.given-up');
        this.log.error(fields, 'job given up');
        return 'given up';
      }
      await handler.retrying?.(tried, problem, retryInMs);
      const again = await this.ledger.fail(job, { ...problem, retryInMs });
      failpoint('queue.failure-noted');
      if (again) this.#addLater(again, again.pauseMs);
      if (!wasTried) return 'put back';
      this.log.warn(fields, 'job failed');
      return 'retried';
    } catch (err) {
      // Another worker holds the job, or the ledger is unreachable: then the lease expires and the
      // sweeper finds the job.
      this.log.error({ ...fields, err }, 'job left');
      return 'lost';
    }
  }
}

/**
 * A job that waits says nothing about its source. One that is known to take long shows it only by
 * failing.
 */
function sourceRun({ isLarge }: Job, { result, isIdle, error }: Outcome, durationMs: number): SourceRun | null {
  if (error !== undefined) {
    const isOfSource = error instanceof Unavailable && !error.code.startsWith('STORE_');
    return isOfSource && !(error instanceof NotYet) ? { isQuick: false, isOfRegistry: true } : null;
  }
  if (result === 'lost') return null;
  if (durationMs <= quickMs) return isIdle ? null : { isQuick: true, isOfRegistry: true };
  return isLarge ? null : { isQuick: false, isOfRegistry: false };
}

function timedOut(timeoutMs: number): Unavailable {
  return new Unavailable('JOB_TIMEOUT', `it took longer than ${timeoutMs / 1000} seconds`);
}

function isLeaseLost(error: unknown): boolean {
  return error instanceof TidewaiterError && error.code === 'LEASE_LOST';
}

function problemOf(error: unknown): JobProblem {
  const wasTried = !(error instanceof NotYet);
  const code = error instanceof TidewaiterError ? error.code : 'INTERNAL';
  return { code, reason: redactedReason(error), wasTried };
}

function tries({ retryDelaysMs }: JobHandler): number {
  return retryDelaysMs.length + 1;
}

/**
 * Delay until the next try; null if not retryable or out of tries. Bugs are retried too, as they
 * may be transient.
 */
function retryDelay({ retryDelaysMs }: JobHandler, { attempt, ageMs }: Job, error: unknown): number | null {
  if (error instanceof NotYet) {
    return ageMs > sumOf(retryDelaysMs) ? null : jittered(error.retryAfterMs ?? 0, putBackJitter);
  }
  if (error instanceof TidewaiterError && !error.retryable) return null;
  // An outage of our own store is no fault of the job.
  if (error instanceof Unavailable && error.code === 'STORE_UNAVAILABLE') return 2_000;
  const planned = retryDelaysMs[attempt - 1];
  if (planned === undefined) return null;
  const asked = error instanceof Unavailable ? (error.retryAfterMs ?? 0) : 0;
  return Math.max(jittered(planned, retryJitter), asked);
}

function jittered(ms: number, upTo: number): number {
  return Math.round(ms * (1 + Math.random() * upTo));
}

function sumOf(numbers: readonly number[]): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}
