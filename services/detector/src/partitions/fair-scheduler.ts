import { setImmediate as nextRound } from 'node:timers/promises';

/** Time slice of evaluating before the event loop runs. */
const sliceMs = 10;

/**
 * Lets partitions work one after the other and the event loop run in between: with a backlog in all
 * of them, answers of PostgreSQL and NATS would stay unread for seconds, and incidents would wait
 * behind events that are not needed yet.
 */
export class FairScheduler {
  #last: Promise<unknown> = Promise.resolve();
  #lastAlone: Promise<unknown> = Promise.resolve();
  #sliceEndsMs = 0;

  /** Runs the work after all work before it. */
  async run<Result>(work: () => Result): Promise<Result> {
    const task = this.#last.then(async () => {
      await this.#yield();
      return work();
    });
    // The caller gets the failure; the next task must not inherit it.
    this.#last = task.catch(() => undefined);
    return task;
  }

  /** Runs work, which may call {@link run}, after all other such work. */
  async alone(work: () => Promise<void>): Promise<void> {
    const task = this.#lastAlone.then(work);
    this.#lastAlone = task.catch(() => undefined);
    return task;
  }

  async #yield(): Promise<void> {
    if (performance.now() < this.#sliceEndsMs) return;
    await nextRound();
    this.#sliceEndsMs = performance.now() + sliceMs;
  }
}
