/** A job on which this process holds the lease. */
export interface Job {
  id: string;
  queue: string;
  /** Key of the work; its meaning depends on the queue. */
  key: string;
  /** 1 at the first try. */
  attempt: number;
  token: string;
  traceparent: string | null;
  createdAt: Date;
}

/** A job that should be in the queue now, or in `delayMs`. */
export interface QueuedJob {
  id: string;
  queue: string;
  class: 'interactive' | 'bulk';
  /** Number of claims so far. */
  attempt: number;
  delayMs: number;
}

/** Durable store of jobs. The queue transports only their ids, and may lose them. */
export interface JobLedger<Held extends Job = Job> {
  onQueued(listener: (jobs: QueuedJob[]) => void): void;
  /** Claims a job; null when it is done, not due, or leased by another worker. */
  claim(id: string, leaseMs: number): Promise<Held | null>;
  /** Whether a job can be claimed: after a claim in vain, another transaction has locked it. */
  isClaimable(id: string): Promise<boolean>;
  /** Extends the lease of a job; false when another worker has claimed it. */
  extend(job: Held, leaseMs: number): Promise<boolean>;
  /**
   * Requeues a job.
   * @throws Unavailable `LEASE_LOST` when another worker holds it by now
   */
  fail(job: Held, failure: JobProblem & { retryInMs: number }): Promise<QueuedJob | null>;
  /** Jobs that should be in the queue but may be missing there. */
  lost(queue: string): Promise<QueuedJob[]>;
  backlog(queue: string): Promise<{ queued: number; running: number; oldestSeconds: number }>;
}

/** Reason why a job failed, as stored and shown to users. */
export interface JobProblem {
  code: string;
  reason: string;
  /** False if the job did not attempt its work. */
  wasTried: boolean;
}

/** One kind of work. Named as an order; safe to repeat. */
export interface JobHandler<Held extends Job = Job> {
  readonly queue: Held['queue'];
  /** Jobs that one process works on at once. */
  readonly concurrency: number;
  /**
   * Whether a process with free capacity starts jobs that it has just queued itself, instead of
   * sending them through Redis to any free replica: for short work that is already spread over the
   * replicas.
   */
  readonly beginsOwn?: boolean;
  /**
   * Pauses before the second, third, … try; after the last one the job fails for good. A job that
   * `NotYet` requeues uses none of them, and fails for good when it is older than all of them
   * together.
   */
  readonly retryDelaysMs: readonly number[];
  /**
   * Time limit of one try, after which its `signal` fires and the try counts as failed; no limit if
   * absent.
   */
  readonly timeoutMs?: number;
  /**
   * Does the work and ends the job in the transaction of its effects. `signal` fires when the lease
   * is lost and at the timeout.
   */
  handle(job: Held, signal: AbortSignal): Promise<void>;
  /** Called before a job is requeued; `job.attempt` is the number of tries that were made. */
  retrying?(job: Held, problem: JobProblem, inMs: number): Promise<void>;
  /** Ends the job as failed for good, and emits the consequences in the same transaction. */
  giveUp(job: Held, problem: JobProblem): Promise<void>;
}
