import type { QueuedJob } from './job-handler.js';

interface Limits {
  atOnce: number;
  /** How many may wait here. */
  waiting: number;
}

/**
 * Jobs that a process begins itself right after it has queued them, without the way through Redis. Which of them wait here nobody else
 * knows: should the process die, the sweeper brings them back, as it does with what Redis has lost.
 */
export class OwnWork {
  readonly #running = new Set<Promise<void>>();
  #waiting: QueuedJob[] = [];
  #isClosed = false;

  constructor(
    private readonly limits: Limits,
    /** Must not throw. */
    private readonly work: (id: string) => Promise<void>,
    /** Called with how many are under way, whenever that changes. */
    private readonly onRunning: (count: number) => void,
  ) {}

  /** Takes jobs as far as there is room; answers the others. What may wait, and what is not due, is left to Redis. */
  take(jobs: readonly QueuedJob[]): QueuedJob[] {
    const others: QueuedJob[] = [];
    for (const job of jobs) {
      const isTaken = job.class === 'interactive' && job.delayMs === 0 && this.#hasRoom();
      (isTaken ? this.#waiting : others).push(job);
      this.#beginNext();
    }
    return others;
  }

  /** Waits for what is under way and begins nothing more; answers what waited. */
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
