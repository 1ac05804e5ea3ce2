import { Heap } from '@tidewaiter/sigma';

/** Something with a time, and what settles the order of those that have the same one. */
export interface Timed {
  timeMs: number;
  /** When it happened, where its place in the order is not that. */
  happenedMs?: number;
  id: string;
}

/** Earlier first; equal times by id, so that every order of arrival gives the same order of leaving. */
export function compareTimed(a: Timed, b: Timed): number {
  return a.timeMs - b.timeMs || (a.happenedMs ?? 0) - (b.happenedMs ?? 0) || (a.id < b.id ? -1 : Number(a.id > b.id));
}

/**
 * Puts what arrives into the order in which it happened, by waiting: an item leaves once the clock, which the latest item moves, is `latenessMs` past
 * it. What comes later than that is late; it is for the caller to say what is still done with it.
 */
export class ReorderBuffer<T extends Timed> {
  #heap = new Heap<T>(compareTimed);
  readonly #latenessMs: number;
  #watermarkMs = Number.NEGATIVE_INFINITY;

  constructor(latenessMs: number) {
    this.#latenessMs = latenessMs;
  }

  get size(): number {
    return this.#heap.size;
  }

  /** Everything before this has left. */
  get watermarkMs(): number {
    return this.#watermarkMs;
  }

  isLate(item: T): boolean {
    return item.timeMs < this.#watermarkMs;
  }

  push(item: T): void {
    this.#heap.push(item);
  }

  /** What leaves now that it is `nowMs` by the time of the events. */
  *advance(nowMs: number): Generator<T> {
    this.#watermarkMs = Math.max(this.#watermarkMs, nowMs - this.#latenessMs);
    while ((this.#heap.first?.timeMs ?? Infinity) < this.#watermarkMs) yield this.#heap.pop()!;
  }

  snapshot(): { watermarkMs: number | null; items: T[] } {
    const watermarkMs = Number.isFinite(this.#watermarkMs) ? this.#watermarkMs : null;
    return { watermarkMs, items: this.#heap.sorted() };
  }

  restore({ watermarkMs, items }: { watermarkMs: number | null; items: readonly T[] }): void {
    this.#watermarkMs = watermarkMs ?? Number.NEGATIVE_INFINITY;
    this.#heap = new Heap<T>(compareTimed);
    for (const item of items) this.#heap.push(item);
  }
}
