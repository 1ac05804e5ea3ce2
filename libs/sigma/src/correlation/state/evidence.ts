import { firstCapacity, grown, Slots } from './slots.js';
import { TextArena } from './text-arena.js';

/** Limit on the events that a firing lists. */
export const maxEvidence = 100;

const none = -1;

/** Reference-counted ids of the events behind entries. One event may be in many groups. */
export class Evidence {
  readonly #slots = new Slots();
  readonly #arena = new TextArena();
  #holders = new Int32Array(firstCapacity);
  /** Place of the id in the arena; for a chain its last link. */
  #last = new Int32Array(firstCapacity);
  /** For a chain the evidence before its last link. */
  #before = new Int32Array(firstCapacity);
  /** Ids of evidence that stands for several events: a firing of an inner correlation. */
  readonly #lists = new Map<number, readonly string[]>();

  /** Upper bound of all indexes. */
  get end(): number {
    return this.#slots.end;
  }

  /** Adds evidence, with one reference that the caller holds. */
  add(ids: string | readonly string[]): number {
    const evidence = this.#take();
    if (typeof ids === 'string') this.#last[evidence] = this.#arena.add(ids);
    else this.#lists.set(evidence, ids);
    return evidence;
  }

  /** Joins two pieces of evidence to a chain, with one reference that the caller holds. */
  join(before: number, last: number): number {
    const evidence = this.#take();
    this.hold(before);
    this.hold(last);
    this.#before[evidence] = before;
    this.#last[evidence] = last;
    return evidence;
  }

  hold(evidence: number): void {
    this.#holders[evidence]! += 1;
  }

  release(evidence: number): void {
    this.#holders[evidence]! -= 1;
    if (this.#holders[evidence] !== 0) return;
    const before = this.#before[evidence]!;
    const last = this.#last[evidence]!;
    if (before !== none) {
      this.release(before);
      this.release(last);
    } else if (!this.#lists.delete(evidence)) this.#arena.remove(last);
    this.#slots.give(evidence);
  }

  idsOf(evidence: number): readonly string[] {
    const before = this.#before[evidence]!;
    const last = this.#last[evidence]!;
    if (before !== none) return latestIds([this.idsOf(before), this.idsOf(last)]);
    return this.#lists.get(evidence) ?? [this.#arena.textOf(last)];
  }

  /** Returns the content as it was added or joined. */
  contentOf(evidence: number): string | readonly string[] | { before: number; last: number } {
    const before = this.#before[evidence]!;
    const last = this.#last[evidence]!;
    return before === none ? (this.#lists.get(evidence) ?? this.#arena.textOf(last)) : { before, last };
  }

  #take(): number {
    const evidence = this.#slots.take();
    if (evidence === this.#holders.length) {
      this.#holders = grown(this.#holders);
      this.#last = grown(this.#last);
      this.#before = grown(this.#before);
    }
    this.#holders[evidence] = 1;
    this.#before[evidence] = none;
    return evidence;
  }
}

/** Returns the latest ids of several lists, each once, in their order. */
export function latestIds(lists: readonly (readonly string[])[]): string[] {
  const ids = new Set<string>();
  for (let list = lists.length - 1; list >= 0 && ids.size < maxEvidence; list -= 1)
    for (const id of lists[list]!.toReversed()) {
      if (ids.size === maxEvidence) break;
      ids.add(id);
    }
  return [...ids].toReversed();
}
