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
  /** A binary heap, earliest first. */
  readonly #heap: T[] = [];
  readonly #latenessMs: number;
  #watermarkMs = Number.NEGATIVE_INFINITY;

  constructor(latenessMs: number) {
    this.#latenessMs = latenessMs;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Everything before this has left. */
  get watermarkMs(): number {
    return this.#watermarkMs;
  }

  isLate(item: T): boolean {
    return item.timeMs < this.#watermarkMs;
  }

  push(item: T): void {
    const heap = this.#heap;
    let at = heap.push(item) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (compareTimed(heap[up]!, item) <= 0) break;
      heap[at] = heap[up]!;
      at = up;
    }
    heap[at] = item;
  }

  /** What leaves now that it is `nowMs` by the time of the events. */
  *advance(nowMs: number): Generator<T> {
    this.#watermarkMs = Math.max(this.#watermarkMs, nowMs - this.#latenessMs);
    while (this.#heap.length > 0 && this.#heap[0]!.timeMs < this.#watermarkMs) yield this.#pop();
  }

  snapshot(): { watermarkMs: number | null; items: T[] } {
    const watermarkMs = Number.isFinite(this.#watermarkMs) ? this.#watermarkMs : null;
    return { watermarkMs, items: this.#heap.toSorted(compareTimed) };
  }

  restore({ watermarkMs, items }: { watermarkMs: number | null; items: readonly T[] }): void {
    this.#watermarkMs = watermarkMs ?? Number.NEGATIVE_INFINITY;
    // In order already, and an ordered list is a heap.
    this.#heap.splice(0, this.#heap.length, ...items);
  }

  #pop(): T {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let next = 2 * at + 1;
      if (next >= heap.length) break;
      if (next + 1 < heap.length && compareTimed(heap[next + 1]!, heap[next]!) < 0) next += 1;
      if (compareTimed(last, heap[next]!) <= 0) break;
      heap[at] = heap[next]!;
      at = next;
    }
    heap[at] = last;
    return first;
  }
}
