import { Heap } from '@tidewaiter/collections';

import type { Take } from './routes.js';

/** Event in the form that correlations need. */
export interface Occurrence {
  id: string;
  timeMs: number;
  takes: readonly Take[];
}

interface Waiting extends Occurrence {
  arrival: number;
}

/**
 * Events that wait until no earlier one can come, sorted by time, then by arrival. Unlike
 * `ReorderBuffer`, which sorts equal times by id and has its own clock, it gives one event at a
 * time: evaluating it may move the watermark.
 */
export class OccurrenceQueue {
  readonly #heap = new Heap<Waiting>((a, b) => a.timeMs - b.timeMs || a.arrival - b.arrival);
  #arrivals = 0;

  get size(): number {
    return this.#heap.size;
  }

  /** Time of the first event; Infinity when none waits. */
  get nextMs(): number {
    return this.#heap.first?.timeMs ?? Infinity;
  }

  push(occurrence: Occurrence): void {
    this.#arrivals += 1;
    this.#heap.push({ ...occurrence, arrival: this.#arrivals });
  }

  pop(): Occurrence | undefined {
    return this.#heap.pop();
  }

  /** Returns all events in the order in which they would be popped. */
  all(): readonly Occurrence[] {
    return this.#heap.sorted();
  }
}
