import type { Take } from './routes.js';

/** An event as correlation sees it. */
export interface Occurrence {
  id: string;
  timeMs: number;
  takes: readonly Take[];
}

interface Waiting extends Occurrence {
  arrival: number;
}

/** Events that wait until nothing earlier can come: a heap by time, those of one time in the order of their arrival. */
export class ReorderBuffer {
  readonly #heap: Waiting[] = [];
  #arrivals = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** When the first is due; Infinity when none waits. */
  get nextMs(): number {
    return this.#heap[0]?.timeMs ?? Infinity;
  }

  push(occurrence: Occurrence): void {
    this.#arrivals += 1;
    const waiting = { ...occurrence, arrival: this.#arrivals };
    let place = this.#heap.push(waiting) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(waiting, this.#heap[parent]!)) break;
      this.#heap[place] = this.#heap[parent]!;
      place = parent;
    }
    this.#heap[place] = waiting;
  }

  pop(): Occurrence | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) this.#sink(last);
    return first;
  }

  /** In the order in which they would come out. */
  all(): readonly Occurrence[] {
    return this.#heap.toSorted((a, b) => (isBefore(a, b) ? -1 : 1));
  }

  #sink(waiting: Waiting): void {
    const size = this.#heap.length;
    let place = 0;
    for (let child = 1; child < size; child = place * 2 + 1) {
      if (child + 1 < size && isBefore(this.#heap[child + 1]!, this.#heap[child]!)) child += 1;
      if (!isBefore(this.#heap[child]!, waiting)) break;
      this.#heap[place] = this.#heap[child]!;
      place = child;
    }
    this.#heap[place] = waiting;
  }
}

function isBefore(a: Waiting, b: Waiting): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.arrival < b.arrival);
}
