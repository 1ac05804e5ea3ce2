import { firstCapacity, grown, Slots } from './slots.js';
import { TextArena } from './text-arena.js';

/** How many events a firing names. */
export const maxEvidence = 100;

const none = -1;

/** Ids of events behind what groups remember, kept as long as somebody holds them. One event may be in many groups. */
export class Evidence {
  readonly #slots = new Slots();
  readonly #arena = new TextArena();
  #holders = new Int32Array(firstCapacity);
  /** Place of the id; of a chain its last link. */
  #last = new Int32Array(firstCapacity);
  /** What a chain had before its last link. */
  #before = new Int32Array(firstCapacity);
  /** Of what stands for several events: a firing of an inner correlation. */
  readonly #lists = new Map<number, readonly string[]>();

  /** All numbers are below it. */
  get end(): number {
    return this.#slots.end;
  }

  /** Held once, by the caller. */
  add(ids: string | readonly string[]): number {
    const evidence = this.#take();
    if (typeof ids === 'string') this.#last[evidence] = this.#arena.add(ids);
    else this.#lists.set(evidence, ids);
    return evidence;
  }

  /** What stands for both, held once by the caller. */
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

  /** As it was added or joined. */
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

/** The latest events of several, each once, in their order. */
export function latestIds(lists: readonly (readonly string[])[]): string[] {
  const ids = new Set<string>();
  for (let list = lists.length - 1; list >= 0 && ids.size < maxEvidence; list -= 1)
    for (const id of lists[list]!.toReversed()) {
      if (ids.size === maxEvidence) break;
      ids.add(id);
    }
  return [...ids].toReversed();
}
