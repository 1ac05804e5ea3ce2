import type { Labels } from '@tidewaiter/domain';

import type { Inhibitions } from './inhibition.js';
import type { Silences } from './silence.js';

/** Why nobody is told of an alert now, and when that may be over. */
export interface QuietReason {
  how: 'silenced' | 'inhibited';
  /** For people: `silenced by …`, `inhibited by …`. */
  reason: string;
  /** Milliseconds; null where nobody knows. */
  forMs: number | null;
}

/** What is silenced and what is inhibited at a moment. */
export class QuietNow {
  constructor(
    private readonly silences: Silences,
    private readonly inhibitions: Inhibitions,
    private readonly nowMs: number,
  ) {}

  /** Null where people are to be told. */
  reasonFor(labels: Labels): QuietReason | null {
    const silences = this.silences.of(labels, this.nowMs);
    if (silences.length > 0) {
      const last = silences.reduce((a, b) => (a.endsAtMs > b.endsAtMs ? a : b));
      return { how: 'silenced', reason: `silenced by ${last.id}`, forMs: last.endsAtMs - this.nowMs };
    }
    const inhibitor = this.inhibitions.inhibitorOf(labels);
    if (inhibitor === null) return null;
    return { how: 'inhibited', reason: `inhibited by alert ${inhibitor.slice(0, 16)}`, forMs: null };
  }
}
