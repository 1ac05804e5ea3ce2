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
  /** By the millisecond, each in no order: thousands wait, and few of them for the same one. */
  readonly #slots = new Map<number, T[]>();
  #order = new Heap<number>((a, b) => a - b);
  #size = 0;
  readonly #latenessMs: number;
  #watermarkMs = Number.NEGATIVE_INFINITY;

  constructor(latenessMs: number) {
    this.#latenessMs = latenessMs;
  }

  get size(): number {
    return this.#size;
  }

  /** Everything before this has left. */
  get watermarkMs(): number {
    return this.#watermarkMs;
  }

  isLate(item: T): boolean {
    return item.timeMs < this.#watermarkMs;
  }

  push(item: T): void {
    // What has no time must not hold up what has one.
    const slot = Number.isNaN(item.timeMs) ? Number.NEGATIVE_INFINITY : Math.floor(item.timeMs);
    const items = this.#slots.get(slot);
    if (items === undefined) this.#open(slot, [item]);
    else items.push(item);
    this.#size += 1;
  }

  /** What leaves now that it is `nowMs` by the time of the events. */
  advance(nowMs: number): T[] {
    this.#watermarkMs = Math.max(this.#watermarkMs, nowMs - this.#latenessMs);
    const left: T[] = [];
    while ((this.#order.first ?? Infinity) < this.#watermarkMs) {
      const slot = this.#order.pop()!;
      const items = this.#slots.get(slot)!.sort(compareTimed);
      this.#slots.delete(slot);
      const first = items.findIndex(({ timeMs }) => timeMs >= this.#watermarkMs);
      if (first !== -1) this.#open(slot, items.splice(first));
      for (const item of items) left.push(item);
      if (first !== -1) break;
    }
    this.#size -= left.length;
    return left;
  }

  snapshot(): { watermarkMs: number | null; items: T[] } {
    const watermarkMs = Number.isFinite(this.#watermarkMs) ? this.#watermarkMs : null;
    return { watermarkMs, items: [...this.#slots.values()].flat().sort(compareTimed) };
  }

  restore({ watermarkMs, items }: { watermarkMs: number | null; items: readonly T[] }): void {
    this.#watermarkMs = watermarkMs ?? Number.NEGATIVE_INFINITY;
    this.#slots.clear();
    this.#order = new Heap((a, b) => a - b);
    this.#size = 0;
    for (const item of items) this.push(item);
  }

  #open(slot: number, items: T[]): void {
    this.#slots.set(slot, items);
    this.#order.push(slot);
  }
}
