import type { Labels } from '@tidewaiter/domain';

import type { Inhibitions } from '../matching/inhibition.js';
import type { Silences } from '../matching/silence.js';

/** Reason why an alert is suppressed now, and when the suppression may end. */
export interface MuteReason {
  how: 'silenced' | 'inhibited';
  /** Text for users: `silenced by …`, `inhibited by …`. */
  reason: string;
  /** Milliseconds; null where the end is unknown. */
  forMs: number | null;
}

/** Silences and inhibitions in effect at a moment. */
export class MuteSnapshot {
  constructor(
    private readonly silences: Silences,
    private readonly inhibitions: Inhibitions,
    private readonly nowMs: number,
  ) {}

  /** Null if the alert is not suppressed. */
  reasonFor(labels: Labels): MuteReason | null {
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
