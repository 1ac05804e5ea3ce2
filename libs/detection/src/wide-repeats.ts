import type { WideMatch, WideRepeat } from './wide-correlations.js';

/** For so long what repeats a match waits to be passed on with the last of its kind. */
export const repeatsWaitMs = 500;

/** What waits is memory: more are passed on at once. */
const maxRepeats = 1_000;

interface Held {
  sinceMs: number;
  /** The last of its kind; null while nothing repeats the first. */
  last: WideMatch | null;
  /** Those between the first and the last. */
  repeats: WideRepeat[];
}

/** Matches that wait, by their kinds. */
export type KeptRepeats = [kind: string, held: Held][];

/**
 * Matches on their way to those who correlate over several detectors. A client that is refused a thousand times a second matches a thousand times in
 * the same way: the first goes on at once, what repeats it goes on together. Every event keeps its id and its times, so that the same comes of it.
 */
export class WideRepeats {
  #held = new Map<string, Held>();

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

  /** Passes on what has waited long enough. */
  advance(timeMs: number): void {
    for (const [kind, held] of this.#held) {
      // They stand in the order in which they began.
      if (timeMs - held.sinceMs < repeatsWaitMs) return;
      this.#release(kind, held);
    }
  }

  snapshot(): KeptRepeats {
    return [...this.#held];
  }

  restore(kept: KeptRepeats): void {
    this.#held = new Map(kept);
  }

  #release(kind: string, { last, repeats }: Held): void {
    this.#held.delete(kind);
    if (last !== null) this.pass(repeats.length === 0 ? last : { ...last, repeats });
  }
}

/** Everything that is said of an event but which it is, and when it was. */
function kindOf({ rules, fields, isFact, scene }: WideMatch): string {
  const { event: _, at: _at, timeMs: _timeMs, ...same } = scene;
  return JSON.stringify([rules, fields, isFact, same]);
}

function repeatOf({ id, timeMs, scene }: WideMatch): WideRepeat {
  return { id, timeMs, happened: { at: scene.at, timeMs: scene.timeMs } };
}
