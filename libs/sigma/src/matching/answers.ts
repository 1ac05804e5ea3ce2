import type { Comparison, Leaf, Position, Test } from '../expression.js';
import { isInNetwork, NetworkSet } from './cidr.js';
import type { Network } from './cidr.js';
import { containsText } from './contains-text.js';
import type { EventView } from './event-view.js';
import { globMatcher } from './glob.js';
import { compileRegex } from './regex.js';
import { timePart } from './time-part.js';
import { numberOf } from './values.js';

/** Evaluates one test of the event in the view. */
export type EventTest = (view: EventView) => boolean;

/** @param numberOfField returns the number of a field in the view */
export function leafAnswer(leaf: Leaf, numberOfField: (name: string | null) => number): EventTest {
  const field = numberOfField(leaf.field);
  const { test } = leaf;
  switch (test.kind) {
    case 'null':
      return (view) => view.isNull(field);
    case 'exists':
      return (view) => view.isPresent(field);
    case 'field': {
      const { isCased, position } = test;
      const other = numberOfField(test.other);
      const texts = (view: EventView, of: number) => (isCased ? view.raw(of) : view.lower(of));
      return (view) =>
        texts(view, field).some((text) => texts(view, other).some((each) => standsIn(text, each, position)));
    }
    default: {
      const accepts = textTest(test);
      const isLower = test.kind === 'text' && !test.isCased;
      return (view) => (isLower ? view.lower(field) : view.raw(field)).some(accepts);
    }
  }
}

/** Tests whether a field is an address in one of many networks. */
export function networksAnswer(field: number, networks: readonly Network[]): EventTest {
  const set = new NetworkSet(networks);
  return (view) => view.raw(field).some((text) => set.has(text));
}

/** Compiles the test of one text; uncased tests receive it in lower case. */
export function textTest(test: Exclude<Test, { kind: 'null' | 'exists' | 'field' }>): (text: string) => boolean {
  switch (test.kind) {
    case 'text':
      return globMatcher(test.text);
    case 'number':
      return (text) => numberOf(text) === test.number;
    case 'regex': {
      // Lazy: most expressions are never evaluated.
      let regex: ReturnType<typeof compileRegex> | undefined;
      return (text) => (regex ??= compileRegex(test)).test(text);
    }
    case 'compare':
      return (text) => compares(numberOf(text), test.comparison, test.number);
    case 'cidr':
      return (text) => isInNetwork(text, test.network);
    case 'time-part':
      return (text) => compares(timePart(text, test.part), test.comparison, test.number);
  }
}

function compares(value: number | undefined, comparison: Comparison | 'eq', number: number): boolean {
  if (value === undefined) return false;
  switch (comparison) {
    case 'eq':
      return value === number;
    case 'lt':
      return value < number;
    case 'lte':
      return value <= number;
    case 'gt':
      return value > number;
    case 'gte':
      return value >= number;
  }
}

function standsIn(text: string, other: string, position: Position): boolean {
  switch (position) {
    case 'equals':
      return text === other;
    case 'startswith':
      return text.startsWith(other);
    case 'endswith':
      return text.endsWith(other);
    case 'contains':
      return containsText(text, other);
  }
}
