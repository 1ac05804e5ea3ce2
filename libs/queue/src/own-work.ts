import type { QueuedJob } from './job-handler.js';

interface Limits {
  atOnce: number;
  /** Limit on jobs that wait in this process. */
  waiting: number;
}

/**
 * Jobs that a process starts itself right after it has queued them, bypassing Redis. Only this
 * process knows which of them wait: if it dies, the sweeper requeues them, as it does with jobs
 * that Redis has lost.
 */
export class OwnWork {
  readonly #running = new Set<Promise<void>>();
  #waiting: QueuedJob[] = [];
  #isClosed = false;

  constructor(
    private readonly limits: Limits,
    /** Must not throw. */
    private readonly work: (id: string) => Promise<void>,
    /** Called with the number of running jobs, whenever it changes. */
    private readonly onRunning: (count: number) => void,
  ) {}

  /** Takes due interactive jobs while there is room; returns the others, which go through Redis. */
  take(jobs: readonly QueuedJob[]): QueuedJob[] {
    const others: QueuedJob[] = [];
    for (const job of jobs) {
      const isTaken = job.class === 'interactive' && this.#hasRoom();
      (isTaken ? this.#waiting : others).push(job);
      this.#beginNext();
    }
    return others;
  }

  /** Starts nothing more and waits for running jobs; returns the jobs that waited. */
  async close(): Promise<QueuedJob[]> {
    this.#isClosed = true;
    const left = this.#waiting;
    this.#waiting = [];
    await Promise.all(this.#running);
    return left;
  }

  #hasRoom(): boolean {
    if (this.#isClosed || this.limits.atOnce === 0) return false;
    return this.#running.size < this.limits.atOnce || this.#waiting.length < this.limits.waiting;
  }

  #beginNext(): void {
    while (this.#running.size < this.limits.atOnce) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      const running = this.work(job.id).finally(() => {
        this.#running.delete(running);
        this.onRunning(this.#running.size);
        this.#beginNext();
      });
      this.#running.add(running);
      this.onRunning(this.#running.size);
    }
  }
}
