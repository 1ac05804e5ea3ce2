import type { WideMatch, WideRepeat } from './wide-correlations.js';

/** Time for which repeats of a match are collected before they are passed on together. */
export const repeatsWaitMs = 500;

/** Limit on collected repeats, to bound memory: at this number they are passed on at once. */
const maxRepeats = 1_000;

interface CollectedRepeats {
  sinceMs: number;
  /** Last match of its kind; null while nothing repeats the first. */
  last: WideMatch | null;
  /** Repeats between the first and the last. */
  repeats: WideRepeat[];
}

/** Collected matches by kind. */
export type PersistedRepeats = [kind: string, held: CollectedRepeats][];

/**
 * Batches matches on their way to the correlations over several detectors. A client that is refused
 * a thousand times a second makes a thousand equal matches: the first is passed on at once, its
 * repeats together. Every event keeps its id and its times, so that the result is the same.
 */
export class WideRepeats {
  #held = new Map<string, CollectedRepeats>();

  constructor(private readonly pass: (match: WideMatch) => void) {}

  add(match: WideMatch): void {
    const kind = kindOf(match);
    const held = this.#held.get(kind);
    if (held === undefined) {
      this.#held.set(kind, { sinceMs: match.timeMs, last: null, repeats: [] });
      this.pass(match);
      return;
    }
    if (held.last !== null) held.repeats.push(repeatOf(held.last));
    held.last = match;
    if (held.repeats.length >= maxRepeats) this.#release(kind, held);
  }

  /** Passes on batches that have waited long enough. */
  advance(timeMs: number): void {
    for (const [kind, held] of this.#held) {
      // Entries are in the order in which they began.
      if (timeMs - held.sinceMs < repeatsWaitMs) return;
      this.#release(kind, held);
    }
  }

  snapshot(): PersistedRepeats {
    return Array.from(this.#held, ([kind, held]) => [kind, { ...held, repeats: [...held.repeats] }]);
  }

  restore(kept: PersistedRepeats): void {
    this.#held = new Map(kept);
  }

  #release(kind: string, { last, repeats }: CollectedRepeats): void {
    this.#held.delete(kind);
    if (last !== null) this.pass(repeats.length === 0 ? last : { ...last, repeats });
  }
}

/** Kind of a match: all its members except the event's id and times. */
function kindOf({ rules, fields, isFact, scene }: WideMatch): string {
  const { event: _, at: _at, timeMs: _timeMs, ...same } = scene;
  return JSON.stringify([rules, fields, isFact, same]);
}

function repeatOf({ id, timeMs, scene }: WideMatch): WideRepeat {
  return { id, timeMs, happened: { at: scene.at, timeMs: scene.timeMs } };
}
