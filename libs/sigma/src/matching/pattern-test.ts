import type { Test } from '../expression.js';
import { anyOne, written } from '../sigma-string.js';
import type { SigmaString } from '../sigma-string.js';
import { literalTest } from './literal-test.js';

/**
 * Test that the common search for literals cannot evaluate: a regular expression, or text with
 * wildcards inside.
 */
export type PatternTest = Extract<Test, { kind: 'text' | 'regex' }>;

export function isPattern(test: Test): test is PatternTest {
  if (test.kind === 'regex') return true;
  // A lone star matches any text.
  return test.kind === 'text' && test.text.length > 1 && literalTest(test) === null;
}

/**
 * Whether text has no single wildcards: such values are searched for together, however many they
 * are.
 */
export function isStarred(text: SigmaString): boolean {
  return !text.includes(anyOne);
}

/** Key that is the same for equal tests. */
export function patternKey(test: PatternTest): string {
  return test.kind === 'regex' ? `re ${test.flags} ${test.source}` : `= ${written(test.text)}`;
}

/** Whether the pattern needs texts in their original case. */
export function seesCase(test: PatternTest): boolean {
  return test.kind === 'regex' || test.isCased;
}
