import { Unavailable } from '@tidewaiter/domain';
import { failpoint } from '@tidewaiter/runtime';

export interface GroupLimits {
  /** Commits that run at the same time. */
  concurrency: number;
  /** Size limit of one commit; a larger item is committed alone. */
  batchBytes: number;
  /** Limit on the bytes that wait for a commit. */
  waitingBytes: number;
  /** Time limit for an item, its own commit included. */
  timeoutMs: number;
}

interface Waiting<Item, Result> {
  item: Item;
  bytes: number;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Group commit: items that come at the same moment share a commit, and later ones gather while it
 * runs. A single item is committed at once, and the cost of an item falls with the load.
 */
export class GroupCommit<Item, Result> {
  #waiting: Waiting<Item, Result>[] = [];
  #waitingBytes = 0;
  #running = 0;
  #isWoken = false;

  constructor(
    /** Commits all items or none; returns their results in the same order. */
    private readonly commit: (items: readonly Item[]) => Promise<readonly Result[]>,
    private readonly limits: GroupLimits,
  ) {}

  /**
   * Resolves when the item is committed.
   * @throws Unavailable `INTAKE_FULL` or `INTAKE_TIMEOUT`; after the latter the item may still be
   * committed
   */
  async add(item: Item, bytes = 0): Promise<Result> {
    if (this.#waitingBytes + bytes > this.limits.waitingBytes) {
      throw new Unavailable('INTAKE_FULL', 'too much is waiting to be stored');
    }
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#waiting.push({ item, bytes, resolve, reject });
    this.#waitingBytes += bytes;
    this.#wake();
    const giveUp = () => reject(new Unavailable('INTAKE_TIMEOUT', 'PostgreSQL did not answer in time'));
    const timer = setTimeout(giveUp, this.limits.timeoutMs);
    return promise.finally(() => clearTimeout(timer));
  }

  /** Schedules the next commit after the running microtasks, which may add more items. */
  #wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    queueMicrotask(() => {
      this.#isWoken = false;
      this.#next();
    });
  }

  #next(): void {
    while (this.#running < this.limits.concurrency && this.#waiting.length > 0) {
      this.#running += 1;
      void this.#run(this.#take()).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  #take(): Waiting<Item, Result>[] {
    let count = 0;
    let bytes = 0;
    for (const each of this.#waiting) {
      if (count > 0 && bytes + each.bytes > this.limits.batchBytes) break;
      count += 1;
      bytes += each.bytes;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  async #run(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.commit(batch.map(({ item }) => item));
      failpoint('group-commit.committed');
      for (const [index, result] of results.entries()) batch[index]?.resolve(result);
    } catch (error) {
      if (batch.length === 1 || error instanceof Unavailable) return this.#rejectAll(batch, error);
      // An item that can never be committed must not fail the others: bisection finds it in few
      // commits.
      const half = batch.length >> 1;
      await this.#run(batch.slice(0, half));
      await this.#run(batch.slice(half));
    }
  }

  #rejectAll(batch: readonly Waiting<Item, Result>[], error: unknown): void {
    for (const each of batch) each.reject(error);
  }
}
