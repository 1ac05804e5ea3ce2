import { setTimeout as sleep } from 'node:timers/promises';

import { NotYet, TidewaiterError, Unavailable } from '@tidewaiter/domain';
import { type Logger, repeat, type Repetition, withSpan } from '@tidewaiter/runtime';
import { redactedReason } from '@tidewaiter/secrets';
import { Queue, Worker } from 'bullmq';
import type { Histogram } from 'prom-client';

import type { Job, JobHandler, JobLedger, JobProblem, QueuedJob } from './job-handler.js';
import { OwnWork } from './own-work.js';
import type { RedisConnections } from './redis.js';

/** A dead worker's job is somebody else's after this long. Six heartbeats: one late by seconds, on a loaded machine, loses nothing. */
const leaseMs = 15_000;
const heartbeatMs = 2_500;
const sweepMs = 2_500;
const drainTimeoutMs = 8_000;
/** Of the places of a process, how many it may use for what it has queued itself; and how many jobs may wait for each of them. */
const ownShare = 0.75;
const waitingPerPlace = 20;
/** BullMQ serves jobs without priority first, and those are cheap to add; then lower numbers before higher ones. */
const priorities = { interactive: 0, bulk: 1 };
/** A job may end without a verdict that often beside its planned tries: its worker died, or lost the store. */
const extraTries = 2;

/** Those that wait for the same must not all come back at the same moment: up to this part of a pause is added to it. */
const retryJitter = 0.1;
const putBackJitter = 0.5;

/** How a turn of a job ended. */
type Result = 'done' | 'retried' | 'put back' | 'given up' | 'lost';

/** One queue in Redis and, in a process that has its handler, the worker that serves it. */
export class WorkQueue {
  readonly #queue: Queue;
  #worker: Worker | undefined;
  #own: OwnWork | undefined;
  #sweeping: Repetition | undefined;

  constructor(
    private readonly name: string,
    private readonly ledger: JobLedger,
    private readonly log: Logger,
    private readonly redis: RedisConnections,
    private readonly durations: Histogram<'queue' | 'result'>,
  ) {
    // BullMQ's queue asks for the version when it connects; if Redis goes away at that moment, it fails for ever after.
    this.#queue = new Queue(name, { connection: redis.producer(), prefix: 'tidewaiter', skipVersionCheck: true });
    // Redis being away is no reason to end the process; the sweeper brings back what could not be added.
    this.#queue.on('error', () => undefined);
    ledger.onQueued((jobs) => {
      const queued = jobs.filter(({ queue }) => queue === name);
      const others = this.#own?.take(queued) ?? queued;
      if (others.length > 0) void this.#add(others);
    });
  }

  /** Begins to work. */
  serve(handler: JobHandler): void {
    this.#worker = new Worker(this.name, async ({ data }: { data: { id: string } }) => this.#work(handler, data.id), {
      connection: this.redis.worker(),
      prefix: 'tidewaiter',
      concurrency: handler.concurrency,
      // The lease in the ledger decides who holds a job. BullMQ's lock is not renewed: when it ends, the job is delivered once
      // more and found to be held, or the worker died before it could claim it.
      lockDuration: leaseMs,
      skipLockRenewal: true,
      stalledInterval: leaseMs / 2,
      maxStalledCount: 1_000,
      // The default of 15 seconds is the time for which a worker would idle after Redis is back.
      runRetryDelay: 1_000,
    });
    this.#worker.on('error', (err) => this.log.debug({ queue: this.name, err }, 'queue error'));
    if (handler.beginsOwn) this.#own = this.#ownWork(handler, this.#worker);
    this.#sweeping = repeat(() => this.#sweep(), sweepMs, this.log.child({ queue: this.name }));
  }

  /** Takes no more jobs and waits for those that run; what takes longer is somebody else's when its lease ends. */
  async close(): Promise<void> {
    const ended = this.#end().catch((err: unknown) => this.log.warn({ queue: this.name, err }, 'queue close failed'));
    // Without Redis it would not end.
    await Promise.race([ended, sleep(drainTimeoutMs, undefined, { ref: false })]);
  }

  async #end(): Promise<void> {
    const [left = []] = await Promise.all([this.#own?.close(), this.#sweeping?.stop(), this.#worker?.close()]);
    if (left.length > 0) await this.#add(left);
    // Last, because a job that fails is added again.
    await this.#queue.close();
  }

  /** What is begun here and what comes from Redis share the places; some are always left to what others have queued, or is tried again. */
  #ownWork(handler: JobHandler, worker: Worker): OwnWork {
    const atOnce = Math.floor(handler.concurrency * ownShare);
    return new OwnWork(
      { atOnce, waiting: atOnce * waitingPerPlace },
      (id) => this.#work(handler, id),
      (running) => (worker.concurrency = handler.concurrency - running),
    );
  }

  async #add(jobs: readonly QueuedJob[]): Promise<void> {
    const entries = jobs.map(({ id, attempt, delayMs, class: jobClass }) => ({
      name: this.name,
      data: { id },
      // One id for each try: what is there already is not added again, and a try that died with its worker does not block the next.
      opts: {
        jobId: `${id}-${attempt}`,
        delay: delayMs,
        priority: priorities[jobClass],
        removeOnComplete: true,
        removeOnFail: true,
      },
    }));
    try {
      await this.#queue.addBulk(entries);
    } catch (err) {
      this.log.warn({ queue: this.name, jobs: jobs.length, err }, 'queue unavailable');
    }
  }

  async #sweep(): Promise<void> {
    const lost = await this.ledger.lost(this.name);
    if (lost.length > 0) await this.#add(lost);
  }

  /** Never throws: what becomes of a job is decided in the ledger, not by BullMQ. */
  async #work(handler: JobHandler, id: string): Promise<void> {
    const job = await this.ledger.claim(id, leaseMs).catch((err: unknown) => {
      this.log.warn({ queue: this.name, job_id: id, err }, 'claim failed');
      return null;
    });
    if (!job) return;
    const { traceparent } = job;
    const attributes = {
      'messaging.system': 'bullmq',
      'messaging.destination.name': this.name,
      'messaging.message.id': id,
    };
    const end = this.durations.startTimer({ queue: this.name });
    await withSpan(
      `${this.name} job`,
      { traceparent: traceparent ?? undefined, kind: 'consumer', attributes },
      async () => {
        end({ result: await this.#run(handler, job) });
      },
    );
  }

  async #run(handler: JobHandler, job: Job): Promise<Result> {
    const lost = new AbortController();
    const beat = setInterval(() => void this.#extend(job, lost), heartbeatMs);
    const { timeoutMs } = handler;
    const late = new AbortController();
    const timer = timeoutMs && setTimeout(() => late.abort(timedOut(timeoutMs)), timeoutMs);
    try {
      // A job that kills its worker never reports a failure; its claims are all that tells.
      if (job.attempt > tries(handler) + extraTries)
        throw new TidewaiterError('WORKER_LOST', 'its workers died or never answered');
      await handler.handle(job, AbortSignal.any([lost.signal, late.signal]));
      return 'done';
    } catch (error) {
      if (lost.signal.aborted || isLeaseLost(error)) {
        this.log.warn({ queue: this.name, job_id: job.id }, 'job lost');
        return 'lost';
      }
      // What an aborted call throws says only that it was aborted.
      return await this.#failed(handler, job, late.signal.aborted ? late.signal.reason : error);
    } finally {
      clearInterval(beat);
      clearTimeout(timer);
    }
  }

  async #extend(job: Job, lost: AbortController): Promise<void> {
    // An error tells nothing: if the lease really ends, the transaction of the effects will not commit.
    const isHeld = await this.ledger.extend(job, leaseMs).catch(() => true);
    if (!isHeld) lost.abort(new Unavailable('LEASE_LOST', 'somebody else holds the job'));
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
        this.log.error(fields, 'job given up');
        return 'given up';
      }
      await handler.retrying?.(tried, problem, retryInMs);
      const again = await this.ledger.fail(job, { ...problem, retryInMs });
      if (again) await this.#add([again]);
      if (!wasTried) return 'put back';
      this.log.warn(fields, 'job failed');
      return 'retried';
    } catch (err) {
      // Somebody else holds the job by now, or the ledger cannot be reached: then the lease ends, and the sweeper finds it.
      this.log.error({ ...fields, err }, 'job left');
      return 'lost';
    }
  }
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

/** When to try again; null when it is no use, or has been tried often enough. A bug may be a passing one, so it is tried too. */
function retryDelay({ retryDelaysMs }: JobHandler, { attempt, createdAt }: Job, error: unknown): number | null {
  if (error instanceof NotYet) {
    const isOver = Date.now() - createdAt.getTime() > sumOf(retryDelaysMs);
    return isOver ? null : jittered(error.retryAfterMs ?? 0, putBackJitter);
  }
  if (error instanceof TidewaiterError && !error.retryable) return null;
  // Our own store being away says nothing about the job.
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
