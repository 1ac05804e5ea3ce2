import { setImmediate as nextRound } from 'node:timers/promises';

/** How long partitions judge before the process looks at everything else. */
const sliceMs = 10;

/**
 * Lets partitions work one after the other, and the rest of the process in between: with a backlog in all of them nobody would read what PostgreSQL
 * and NATS answer for seconds, and incidents would wait behind events that are of no use to anybody yet.
 */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #sliceEndsMs = 0;

  /** Does the work when it is its turn. */
  async take<Result>(work: () => Result): Promise<Result> {
    const turn = this.#last.then(async () => {
      await this.#breathe();
      return work();
    });
    // Whoever asked is told of a failure; it is none of the next one's.
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async #breathe(): Promise<void> {
    if (performance.now() < this.#sliceEndsMs) return;
    await nextRound();
    this.#sliceEndsMs = performance.now() + sliceMs;
  }
}
