import type { Labels } from '@tidewaiter/domain';

import { labelValue, matches } from './matcher.js';
import type { Matcher } from './matcher.js';

/**
 * Index of items by their matchers: finds the items that match an alert without testing each one.
 */
export class MatcherIndex<Item> {
  /** Items with a matcher `name="value"`, by name and value. */
  readonly #byValue = new Map<string, Map<string, Item[]>>();
  /** Items without such a matcher; tested for every alert. */
  readonly #others: Item[] = [];

  constructor(
    items: Iterable<Item>,
    private readonly matchersOf: (item: Item) => readonly Matcher[],
  ) {
    for (const item of items) this.#add(item);
  }

  /** Yields every item whose matchers all match. */
  *of(labels: Labels): Generator<Item> {
    for (const [name, byValue] of this.#byValue) {
      const value = labelValue(labels, name);
      if (value !== '') yield* this.#holding(byValue.get(value) ?? [], labels);
    }
    yield* this.#holding(this.#others, labels);
  }

  *#holding(items: readonly Item[], labels: Labels): Generator<Item> {
    for (const item of items) {
      if (this.matchersOf(item).every((matcher) => matches(matcher, labels))) yield item;
    }
  }

  #add(item: Item): void {
    const exact = this.matchersOf(item).find(({ operator, value }) => operator === '=' && value !== '');
    if (exact === undefined) {
      this.#others.push(item);
      return;
    }
    const byValue = this.#byValue.get(exact.name) ?? new Map<string, Item[]>();
    this.#byValue.set(exact.name, byValue);
    const alike = byValue.get(exact.value);
    if (alike) alike.push(item);
    else byValue.set(exact.value, [item]);
  }
}
