import type { Test } from '../expression.js';
import { anyRun, literalOf } from '../sigma-string.js';
import type { LiteralPosition } from './literal-automaton.js';

/** Test for one literal, without a search between wildcards. */
export interface LiteralTest {
  text: string;
  /** Required position; `whole` is the whole text, `number` its value as a number. */
  place: LiteralPosition | 'whole' | 'number';
}

/**
 * Converts a test to a literal and its position; null for one with wildcards inside, or of another
 * kind.
 */
export function literalTest(test: Test): LiteralTest | null {
  if (test.kind === 'number') return { text: String(test.number), place: 'number' };
  if (test.kind !== 'text') return null;
  const opens = test.text[0] === anyRun;
  const closes = test.text.length > 1 && test.text.at(-1) === anyRun;
  const text = literalOf(test.text.slice(opens ? 1 : 0, closes ? -1 : undefined));
  if (text === undefined) return null;
  if (!opens && !closes) return { text, place: 'whole' };
  // A lone star matches any text, and a literal must not be empty.
  if (text === '') return null;
  if (opens && closes) return { text, place: 'anywhere' };
  return { text, place: opens ? 'end' : 'start' };
}
