import type { Labels } from '@tidewaiter/domain';

import { labelValue, matches } from './matcher.js';
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

/** Silences, found by the labels of an alert without trying each of them. */
export class Silences {
  /** Those with a matcher `name="value"`, by name and value; what others ask is tried for every alert. */
  readonly #byValue = new Map<string, Map<string, Silence[]>>();
  readonly #others: Silence[] = [];

  constructor(silences: Iterable<Silence>) {
    for (const silence of silences) this.#add(silence);
  }

  /** The silences that hide the alert at a moment. */
  of(labels: Labels, timeMs: number): Silence[] {
    const found: Silence[] = [];
    const take = (silence: Silence) => {
      const isNow = silence.startsAtMs <= timeMs && timeMs < silence.endsAtMs;
      if (isNow && silence.matchers.every((matcher) => matches(matcher, labels))) found.push(silence);
    };
    for (const [name, byValue] of this.#byValue) byValue.get(labelValue(labels, name))?.forEach(take);
    this.#others.forEach(take);
    return found;
  }

  #add(silence: Silence): void {
    const exact = silence.matchers.find(({ operator, value }) => operator === '=' && value !== '');
    if (exact === undefined) {
      this.#others.push(silence);
      return;
    }
    const byValue = this.#byValue.get(exact.name) ?? new Map<string, Silence[]>();
    this.#byValue.set(exact.name, byValue);
    const alike = byValue.get(exact.value);
    if (alike) alike.push(silence);
    else byValue.set(exact.value, [silence]);
  }
}
