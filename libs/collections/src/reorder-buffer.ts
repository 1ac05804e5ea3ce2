import { Heap } from './heap.js';

/** Item that is ordered by time; items of equal time are ordered by the other fields. */
export interface Timed {
  timeMs: number;
  /** Time of the event, where it differs from the time by which it is ordered. */
  happenedMs?: number;
  id: string;
}

/** Compares by time, then by id, so that the result does not depend on the order of arrival. */
export function compareTimed(a: Timed, b: Timed): number {
  return a.timeMs - b.timeMs || (a.happenedMs ?? 0) - (b.happenedMs ?? 0) || (a.id < b.id ? -1 : Number(a.id > b.id));
}

/**
 * Sorts items by time with a delay: an item leaves once the clock is `latenessMs` past it. Items
 * that arrive later than that are late; the caller decides what happens to them.
 */
export class ReorderBuffer<T extends Timed> {
  /** Items by millisecond, unsorted: thousands wait, and few of them for the same millisecond. */
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

  /** Time before which all items have left. */
  get watermarkMs(): number {
    return this.#watermarkMs;
  }

  isLate(item: T): boolean {
    return item.timeMs < this.#watermarkMs;
  }

  push(item: T): void {
    // An item without a valid time must not hold up the others.
    const slot = Number.isNaN(item.timeMs) ? Number.NEGATIVE_INFINITY : Math.floor(item.timeMs);
    const items = this.#slots.get(slot);
    if (items === undefined) this.#open(slot, [item]);
    else items.push(item);
    this.#size += 1;
  }

  /** Moves the clock to `nowMs` and returns the items that leave, sorted. */
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
