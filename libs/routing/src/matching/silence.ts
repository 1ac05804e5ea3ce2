import type { Labels } from '@tidewaiter/domain';

import { MatcherIndex } from './matcher-index.js';
import type { Matcher } from './matcher.js';

/** Suppression of the alerts that match all matchers for a time, with author and reason. */
export interface Silence {
  id: string;
  matchers: readonly Matcher[];
  /** Milliseconds since 1970. */
  startsAtMs: number;
  endsAtMs: number;
  createdBy: string;
  comment: string;
}

/** Index of silences that finds those of an alert. */
export class Silences {
  readonly #index: MatcherIndex<Silence>;

  constructor(silences: Iterable<Silence>) {
    this.#index = new MatcherIndex(silences, ({ matchers }) => matchers);
  }

  /** Returns the silences that suppress the alert at a moment. */
  of(labels: Labels, timeMs: number): Silence[] {
    return [...this.#index.of(labels)].filter(({ startsAtMs, endsAtMs }) => startsAtMs <= timeMs && timeMs < endsAtMs);
  }
}
