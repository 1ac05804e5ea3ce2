import { HashIndex, mixed } from './hash-index.js';
import { firstCapacity, grown, Slots } from './slots.js';

const none = -1;

/**
 * The live groups of all correlations, as columns. Those of one correlation stand in a queue by time: all have the same timespan,
 * so the first in the queue is the next whose time is over, and the queue is all the timer that is needed.
 */
export class Groups {
  /** Whose group it is. */
  correlation = new Int32Array(firstCapacity);
  /** Number of its key among the texts. */
  key = new Int32Array(firstCapacity);
  /** When its window began, or for sliding windows when its last event was. */
  timeMs = new Float64Array(firstCapacity);
  firedAtMs = new Float64Array(firstCapacity);
  /** A figure of the measure's own. */
  count = new Int32Array(firstCapacity);
  /** Another one. */
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

  /** -1 when there is none. */
  find(correlation: number, key: number): number {
    for (let slot = this.#index.home(hashOf(correlation, key)); ; slot = this.#index.next(slot)) {
      const group = this.#index.rowAt(slot);
      if (group === -1 || (this.key[group] === key && this.correlation[group] === correlation)) return group;
    }
  }

  /** The group of a correlation whose turn it is first; -1 when it has none. */
  oldest(correlation: number): number {
    return this.#oldest[correlation]!;
  }

  /** The group behind it in its queue; -1 after the last. */
  after(group: number): number {
    return this.#after[group]!;
  }

  /** The correlation with the most groups, one of them not counted; -1 is none of them. */
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

  /** Puts the group at the end of its queue. */
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
