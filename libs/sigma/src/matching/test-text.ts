import type { Comparison, Position, Test } from '../expression.js';
import { isInNetwork } from './cidr.js';
import { globMatcher } from './glob.js';
import { compileRegex } from './regex.js';
import { timePart } from './time-part.js';
import { numberOf } from './values.js';

/** A text as it is in the event, and in lower case. */
export type TextTest = (raw: string, lower: string) => boolean;

/** Tests that look at one text of a field at a time. */
export type OfOneText = Exclude<Test, { kind: 'null' | 'exists' | 'field' }>;

export function textTest(test: OfOneText): TextTest {
  switch (test.kind) {
    case 'text': {
      const matches = globMatcher(test.text);
      return test.isCased ? (raw) => matches(raw) : (_, lower) => matches(lower);
    }
    case 'number':
      return (raw) => numberOf(raw) === test.number;
    case 'regex': {
      const regex = compileRegex(test);
      return (raw) => regex.test(raw);
    }
    case 'compare':
      return (raw) => compares(numberOf(raw), test.comparison, test.number);
    case 'cidr':
      return (raw) => isInNetwork(raw, test.network);
    case 'time-part':
      return (raw) => compares(timePart(raw, test.part), test.comparison, test.number);
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

/** How two fields are compared. */
export function standsIn(text: string, other: string, position: Position): boolean {
  switch (position) {
    case 'equals':
      return text === other;
    case 'startswith':
      return text.startsWith(other);
    case 'endswith':
      return text.endsWith(other);
    case 'contains':
      return text.includes(other);
  }
}
