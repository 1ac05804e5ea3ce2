import { HashIndex, mixed } from './hash-index.js';
import { firstCapacity, grown, Slots } from './slots.js';

const none = -1;

/**
 * Live groups of all correlations, in columns. Those of one correlation form a queue by time: all
 * have the same timespan, so the first in the queue expires first, and the queue is the only timer
 * needed.
 */
export class Groups {
  /** Correlation that the group belongs to. */
  correlation = new Int32Array(firstCapacity);
  /** Index of its key among the texts. */
  key = new Int32Array(firstCapacity);
  /** Start of its window, or for sliding windows the time of its last event. */
  timeMs = new Float64Array(firstCapacity);
  firedAtMs = new Float64Array(firstCapacity);
  /** Count that the measure maintains. */
  count = new Int32Array(firstCapacity);
  /** Sum that the measure maintains. */
  sum = new Float64Array(firstCapacity);
  #before = new Int32Array(firstCapacity);
  #after = new Int32Array(firstCapacity);

  readonly #slots = new Slots();
  readonly #index = new HashIndex((group) => hashOf(this.correlation[group]!, this.key[group]!));
  readonly #oldest: Int32Array;
  readonly #newest: Int32Array;
  readonly #sizes: Int32Array;

  constructor(correlations: number) {
    this.#oldest = new Int32Array(correlations).fill(none);
    this.#newest = new Int32Array(correlations).fill(none);
    this.#sizes = new Int32Array(correlations);
  }

  get live(): number {
    return this.#slots.live;
  }

  /** Returns a group by its key; -1 when there is none. */
  find(correlation: number, key: number): number {
    for (let slot = this.#index.home(hashOf(correlation, key)); ; slot = this.#index.next(slot)) {
      const group = this.#index.rowAt(slot);
      if (group === -1 || (this.key[group] === key && this.correlation[group] === correlation)) return group;
    }
  }

  /** Returns the group of a correlation that expires first; -1 when it has none. */
  oldest(correlation: number): number {
    return this.#oldest[correlation]!;
  }

  /** Returns the next group in its queue; -1 after the last. */
  after(group: number): number {
    return this.#after[group]!;
  }

  /**
   * Returns the correlation with the most groups, without counting the group `except` (-1: count
   * all).
   */
  mostCrowded(except: number): number {
    const its = except === none ? none : this.correlation[except]!;
    let [crowded, most] = [0, -1];
    for (let correlation = 0; correlation < this.#sizes.length; correlation += 1) {
      const size = this.#sizes[correlation]! - (correlation === its ? 1 : 0);
      if (size > most) [crowded, most] = [correlation, size];
    }
    return crowded;
  }

  open(correlation: number, key: number, timeMs: number): number {
    const group = this.#slots.take();
    if (group === this.key.length) this.#grow();
    this.correlation[group] = correlation;
    this.key[group] = key;
    this.timeMs[group] = timeMs;
    this.firedAtMs[group] = -Infinity;
    this.count[group] = 0;
    this.sum[group] = 0;
    this.#index.add(group);
    this.#sizes[correlation]! += 1;
    this.#enqueue(group, correlation);
    return group;
  }

  /** Moves the group to the end of its queue. */
  touch(group: number, timeMs: number): void {
    this.timeMs[group] = timeMs;
    const correlation = this.correlation[group]!;
    if (this.#newest[correlation] === group) return;
    this.#dequeue(group, correlation);
    this.#enqueue(group, correlation);
  }

  close(group: number): void {
    const correlation = this.correlation[group]!;
    this.#index.delete(group);
    this.#sizes[correlation]! -= 1;
    this.#dequeue(group, correlation);
    this.#slots.give(group);
  }

  #enqueue(group: number, correlation: number): void {
    const last = this.#newest[correlation]!;
    this.#before[group] = last;
    this.#after[group] = none;
    if (last === none) this.#oldest[correlation] = group;
    else this.#after[last] = group;
    this.#newest[correlation] = group;
  }

  #dequeue(group: number, correlation: number): void {
    const [before, after] = [this.#before[group]!, this.#after[group]!];
    if (before === none) this.#oldest[correlation] = after;
    else this.#after[before] = after;
    if (after === none) this.#newest[correlation] = before;
    else this.#before[after] = before;
  }

  #grow(): void {
    this.correlation = grown(this.correlation);
    this.key = grown(this.key);
    this.timeMs = grown(this.timeMs);
    this.firedAtMs = grown(this.firedAtMs);
    this.count = grown(this.count);
    this.sum = grown(this.sum);
    this.#before = grown(this.#before);
    this.#after = grown(this.#after);
  }
}

function hashOf(correlation: number, key: number): number {
  return mixed(Math.imul(correlation + 1, 0x9e3779b1) ^ key);
}
