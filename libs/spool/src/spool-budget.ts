import { Unavailable } from '@tidewaiter/domain';

const retryAfterMs = 10_000;

interface Used {
  bytes: number;
  /** Deletes something that is kept only while there is room; false when nothing is left. */
  reclaim(): boolean;
}

/** Room on disk that the logs of a spool share. */
export class SpoolBudget {
  readonly #used: Used;

  /**
   * @param maxBytes room for all logs together
   * @param used what all of them use, which they share
   */
  constructor(
    private readonly maxBytes: number,
    used: Used = { bytes: 0, reclaim: () => false },
  ) {
    this.#used = used;
  }

  /** Sets what makes room when there is none. */
  set reclaim(reclaim: () => boolean) {
    this.#used.reclaim = reclaim;
  }

  get usedBytes(): number {
    return this.#used.bytes;
  }

  /** The same room, of which this part may not use the last `reserveBytes`. */
  leaving(reserveBytes: number): SpoolBudget {
    return new SpoolBudget(this.maxBytes - reserveBytes, this.#used);
  }

  /** @throws Unavailable `SPOOL_FULL` */
  take(bytes: number): void {
    while (this.#used.bytes + bytes > this.maxBytes) {
      if (this.#used.reclaim()) continue;
      throw new Unavailable('SPOOL_FULL', 'the spool has no room', { retryAfterMs });
    }
    this.#used.bytes += bytes;
  }

  /** Counts bytes that are there already. */
  add(bytes: number): void {
    this.#used.bytes += bytes;
  }

  free(bytes: number): void {
    this.#used.bytes -= bytes;
  }
}
