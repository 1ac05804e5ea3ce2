import type { Test } from '../expression.js';
import { anyRun, literalOf } from '../sigma-string.js';
import type { Place } from './literal-automaton.js';

/** What a text can be asked without looking for anything between wildcards. */
export interface LiteralTest {
  text: string;
  /** The whole text, or the number that it is. */
  place: Place | 'whole' | 'number';
}

/** A test as one for a literal and its place; null for one with wildcards inside, or of another kind. */
export function literalTest(test: Test): LiteralTest | null {
  if (test.kind === 'number') return { text: String(test.number), place: 'number' };
  if (test.kind !== 'text') return null;
  const opens = test.text[0] === anyRun;
  const closes = test.text.length > 1 && test.text.at(-1) === anyRun;
  const text = literalOf(test.text.slice(opens ? 1 : 0, closes ? -1 : undefined));
  if (text === undefined) return null;
  if (!opens && !closes) return { text, place: 'whole' };
  // A lone star asks for any text at all, and no literal is empty.
  if (text === '') return null;
  if (opens && closes) return { text, place: 'anywhere' };
  return { text, place: opens ? 'end' : 'start' };
}
