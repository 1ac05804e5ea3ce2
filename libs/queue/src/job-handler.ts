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
  /** Time since it was enqueued, by the ledger's clock. */
  ageMs: number;
  /** Whether it is known to take long; of queues that are fair. */
  isLarge?: boolean;
}

/** A job that should be in the queue. */
export interface QueuedJob {
  id: string;
  queue: string;
  class: 'interactive' | 'bulk';
  /** Number of claims so far. */
  attempt: number;
}

/** Durable store of jobs. The queue transports only their ids, and may lose them. */
export interface JobLedger<Held extends Job = Job> {
  onQueued(listener: (jobs: QueuedJob[]) => void): void;
  /** Claims a job; null when it is done, not due, or leased by another worker. */
  claim(id: string, leaseMs: number): Promise<Held | null>;
  /**
   * Claims the job of a queue whose turn it is among its sources, of the slow lane only if
   * `maySlow`; null when none is due. `isLast`: no other job of the queue waited, due or not.
   */
  claimNext(
    queue: Held['queue'],
    leaseMs: number,
    maySlow: boolean,
  ): Promise<(Held & { isSlow: boolean; isLast: boolean }) | null>;
  /** Records how fast a job of {@link claimNext} was, which decides the lane of its source. */
  noteRun(job: Held, run: { isQuick: boolean; isOfRegistry: boolean }): Promise<void>;
  /** Whether a job can be claimed: after a claim in vain, another transaction has locked it. */
  isClaimable(id: string): Promise<boolean>;
  /** Extends the lease of a job; false when another worker has claimed it. */
  extend(job: Held, leaseMs: number): Promise<boolean>;
  /**
   * Requeues a job; it is due after a pause, or at once where what it waits for is over meanwhile.
   * @throws Unavailable `LEASE_LOST` when another worker holds it by now
   */
  fail(job: Held, failure: JobProblem & { retryInMs: number }): Promise<(QueuedJob & { pauseMs: number }) | null>;
  /** Jobs that should be in one of these queues but may be missing there. */
  lost(queues: readonly Held['queue'][]): Promise<QueuedJob[]>;
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
  /** Whether the sources of the jobs take turns, and slow ones hold at most half of the slots. */
  readonly isFair?: boolean;
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
   * @returns `idle` if it did not do what shows how quick its source is: refused, or done before
   */
  handle(job: Held, signal: AbortSignal): Promise<void | 'idle'>;
  /** Called before a job is requeued; `job.attempt` is the number of tries that were made. */
  retrying?(job: Held, problem: JobProblem, inMs: number): Promise<void>;
  /** Ends the job as failed for good, and emits the consequences in the same transaction. */
  giveUp(job: Held, problem: JobProblem): Promise<void>;
}
