import { Unavailable } from '@tidewaiter/domain';

const retryAfterMs = 10_000;

/** Room on disk that the logs of a spool share. */
export class SpoolBudget {
  #used: { bytes: number };

  /**
   * @param maxBytes room for all logs together
   * @param used bytes that all of them use, which they share
   */
  constructor(
    private readonly maxBytes: number,
    used = { bytes: 0 },
  ) {
    this.#used = used;
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
    if (this.#used.bytes + bytes > this.maxBytes) {
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
