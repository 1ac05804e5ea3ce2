/** Share of its pace that a clock keeps while it waits for the one that it follows. */
const waitingPace = 0.5;

/**
 * Time that never goes back, as ordering and windows need. When the clock that it follows was ahead
 * and is set right, it goes on at half its pace until that clock has caught up. Standing still
 * instead, it would hold back every event for as long as the clock was ahead.
 */
export class SteadyClock {
  #timeMs: number;
  #readAtMs: number;

  /**
   * @param fromMs time to go on from, in milliseconds since 1970; null before the first reading
   * @param monotonicMs time of a clock that is never set, in milliseconds
   */
  constructor(fromMs: number | null, monotonicMs = performance.now()) {
    this.#timeMs = fromMs ?? Number.NEGATIVE_INFINITY;
    this.#readAtMs = monotonicMs;
  }

  /** Returns the time when the clock that it follows shows `nowMs`. */
  read(nowMs: number, monotonicMs = performance.now()): number {
    const elapsedMs = monotonicMs - this.#readAtMs;
    this.#readAtMs = monotonicMs;
    this.#timeMs = Math.max(nowMs, this.#timeMs + waitingPace * elapsedMs);
    return this.#timeMs;
  }
}
