import { firstCapacity, grown, Slots } from './slots.js';

const none = -1;

/**
 * Entries of groups: a linked list for each, the oldest first, of times with a value and its
 * evidence.
 */
export class Entries {
  timeMs = new Float64Array(firstCapacity);
  /** Number, or index of a text, rule or chain, depending on the measure. */
  value = new Float64Array(firstCapacity);
  evidence = new Int32Array(firstCapacity);
  #before = new Int32Array(firstCapacity);
  #after = new Int32Array(firstCapacity);
  readonly #slots = new Slots();

  // Indexed by group.
  #oldest = new Int32Array(firstCapacity);
  #newest = new Int32Array(firstCapacity);
  #size = new Int32Array(firstCapacity);

  get live(): number {
    return this.#slots.live;
  }

  /** Starts an empty list. */
  open(group: number): void {
    if (group === this.#size.length) {
      this.#oldest = grown(this.#oldest);
      this.#newest = grown(this.#newest);
      this.#size = grown(this.#size);
    }
    this.#oldest[group] = none;
    this.#newest[group] = none;
    this.#size[group] = 0;
  }

  size(group: number): number {
    return this.#size[group]!;
  }

  /** Returns the oldest entry; -1 when the list is empty. */
  oldest(group: number): number {
    return this.#oldest[group]!;
  }

  newest(group: number): number {
    return this.#newest[group]!;
  }

  /** Returns the next entry; -1 after the last. */
  after(entry: number): number {
    return this.#after[entry]!;
  }

  before(entry: number): number {
    return this.#before[entry]!;
  }

  append(group: number, timeMs: number, value: number, evidence: number): number {
    const entry = this.#slots.take();
    if (entry === this.timeMs.length) this.#grow();
    this.timeMs[entry] = timeMs;
    this.value[entry] = value;
    this.evidence[entry] = evidence;
    this.#link(group, entry);
    return entry;
  }

  /** Moves the entry to the end of its list. */
  moveToEnd(group: number, entry: number): void {
    if (this.#newest[group] === entry) return;
    this.#unlink(group, entry);
    this.#link(group, entry);
  }

  remove(group: number, entry: number): void {
    this.#unlink(group, entry);
    this.#slots.give(entry);
  }

  #link(group: number, entry: number): void {
    const last = this.#newest[group]!;
    this.#before[entry] = last;
    this.#after[entry] = none;
    if (last === none) this.#oldest[group] = entry;
    else this.#after[last] = entry;
    this.#newest[group] = entry;
    this.#size[group]! += 1;
  }

  #unlink(group: number, entry: number): void {
    const [before, after] = [this.#before[entry]!, this.#after[entry]!];
    if (before === none) this.#oldest[group] = after;
    else this.#after[before] = after;
    if (after === none) this.#newest[group] = before;
    else this.#before[after] = before;
    this.#size[group]! -= 1;
  }

  #grow(): void {
    this.timeMs = grown(this.timeMs);
    this.value = grown(this.value);
    this.evidence = grown(this.evidence);
    this.#before = grown(this.#before);
    this.#after = grown(this.#after);
  }
}
