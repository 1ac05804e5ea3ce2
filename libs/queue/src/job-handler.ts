/** A job that this process holds. */
export interface Job {
  id: string;
  queue: string;
  /** What the work is about; its meaning is the queue's. */
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
  /** How often it was taken. */
  attempt: number;
  delayMs: number;
}

/** Where the jobs really are. The queue carries only their ids, and may lose them. */
export interface JobLedger<Held extends Job = Job> {
  onQueued(listener: (jobs: QueuedJob[]) => void): void;
  /** Takes a job; null when it is done, not due, or held by somebody else. */
  claim(id: string, leaseMs: number): Promise<Held | null>;
  /** Keeps a job; false when somebody else has taken it. */
  extend(job: Held, leaseMs: number): Promise<boolean>;
  /**
   * Puts a job back.
   * @throws Unavailable `LEASE_LOST` when somebody else holds it by now
   */
  fail(job: Held, failure: JobProblem & { retryInMs: number }): Promise<QueuedJob | null>;
  /** Jobs that should be in the queue and may not be. */
  lost(queue: string): Promise<QueuedJob[]>;
  backlog(queue: string): Promise<{ queued: number; running: number; oldestSeconds: number }>;
}

/** Why a job failed, in words that are stored and shown. */
export interface JobProblem {
  code: string;
  reason: string;
  /** False where nothing was tried. */
  wasTried: boolean;
}

/** One kind of work. Named as an order; safe to repeat. */
export interface JobHandler<Held extends Job = Job> {
  readonly queue: string;
  /** How many jobs one process works on at once. */
  readonly concurrency: number;
  /**
   * Whether a process begins itself with what it has just queued, as far as it has room, instead of sending it through Redis to whoever is
   * free: for short work, of which each replica has its share already.
   */
  readonly beginsOwn?: boolean;
  /**
   * Pauses before the second, third, … try; after the last one the job is given up. What is put back by a `NotYet` uses none of
   * them, and is given up when it is older than all of them together.
   */
  readonly retryDelaysMs: readonly number[];
  /** How long one try may take until its `signal` fires, which counts as a failure; without it, as long as it likes. */
  readonly timeoutMs?: number;
  /**
   * Does the work and ends the job in the transaction of its effects. `signal` fires when somebody else holds the job, and when
   * its time is over.
   */
  handle(job: Held, signal: AbortSignal): Promise<void>;
  /** Called before a job is put back; `job.attempt` is the number of tries that were made. */
  retrying?(job: Held, problem: JobProblem, inMs: number): Promise<void>;
  /** Ends the job as given up, and says in the same transaction what that means to others. */
  giveUp(job: Held, problem: JobProblem): Promise<void>;
}
