interface Timer {
  atMs: number;
  name: string;
}

/** Times at which something named is to be looked at, earliest first. */
export class Timers {
  /** The latest first, so that the next is taken from the end. */
  readonly #timers: Timer[] = [];

  set(atMs: number, name: string): void {
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#timers[middle]!.atMs > atMs) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, { atMs, name });
  }

  /** The earliest that is not after a moment, taken out; null where there is none. */
  next(untilMs: number): Timer | null {
    const last = this.#timers.at(-1);
    if (last === undefined || last.atMs > untilMs) return null;
    this.#timers.pop();
    return last;
  }
}
