import { Heap } from '../heap.js';
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

/** Events that wait until nothing earlier can come: by time, those of one time in the order of their arrival. */
export class ReorderBuffer {
  readonly #heap = new Heap<Waiting>((a, b) => a.timeMs - b.timeMs || a.arrival - b.arrival);
  #arrivals = 0;

  get size(): number {
    return this.#heap.size;
  }

  /** When the first is due; Infinity when none waits. */
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

  /** In the order in which they would come out. */
  all(): readonly Occurrence[] {
    return this.#heap.sorted();
  }
}
