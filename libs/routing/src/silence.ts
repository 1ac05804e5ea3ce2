import type { Labels } from '@tidewaiter/domain';

import { MatcherIndex } from './matcher-index.js';
import type { Matcher } from './matcher.js';

/** For how long alerts that meet all matchers are not told, by whom and why. */
export interface Silence {
  id: string;
  matchers: readonly Matcher[];
  /** Milliseconds since 1970. */
  startsAtMs: number;
  endsAtMs: number;
  createdBy: string;
  comment: string;
}

/** What is silenced, for the question whether an alert is. */
export class Silences {
  readonly #index: MatcherIndex<Silence>;

  constructor(silences: Iterable<Silence>) {
    this.#index = new MatcherIndex(silences, ({ matchers }) => matchers);
  }

  /** The silences that hide the alert at a moment. */
  of(labels: Labels, timeMs: number): Silence[] {
    return [...this.#index.of(labels)].filter(({ startsAtMs, endsAtMs }) => startsAtMs <= timeMs && timeMs < endsAtMs);
  }
}
