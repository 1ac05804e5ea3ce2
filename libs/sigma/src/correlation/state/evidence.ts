import { ownCopy } from '../scalar.js';
import { firstCapacity, grown, Slots } from './slots.js';

/** How many events a firing names. */
export const maxEvidence = 100;

/** Ids of events behind what groups remember, kept as long as somebody holds them. One event may be in many groups. */
export class Evidence {
  readonly #slots = new Slots();
  readonly #ids: (string | readonly string[])[] = [];
  #holders = new Int32Array(firstCapacity);

  /** Held once, by the caller. */
  add(ids: string | readonly string[]): number {
    const evidence = this.#slots.take();
    if (evidence === this.#holders.length) this.#holders = grown(this.#holders);
    this.#ids[evidence] = typeof ids === 'string' ? ownCopy(ids) : ids;
    this.#holders[evidence] = 1;
    return evidence;
  }

  hold(evidence: number): void {
    this.#holders[evidence]! += 1;
  }

  release(evidence: number): void {
    this.#holders[evidence]! -= 1;
    if (this.#holders[evidence] !== 0) return;
    this.#ids[evidence] = '';
    this.#slots.give(evidence);
  }

  idsOf(evidence: number): readonly string[] {
    const ids = this.#ids[evidence]!;
    return typeof ids === 'string' ? [ids] : ids;
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
