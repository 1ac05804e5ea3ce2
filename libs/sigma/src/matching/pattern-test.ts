import type { Test } from '../expression.js';
import { anyOne, written } from '../sigma-string.js';
import type { SigmaString } from '../sigma-string.js';
import { literalTest } from './literal-test.js';

/** What cannot be looked for together with the literals of all rules: an expression, or text with wildcards inside. */
export type PatternTest = Extract<Test, { kind: 'text' | 'regex' }>;

export function isPattern(test: Test): test is PatternTest {
  if (test.kind === 'regex') return true;
  // A lone star is any text.
  return test.kind === 'text' && test.text.length > 1 && literalTest(test) === null;
}

/** Whether it is texts between stars alone: such values are found together, however many they are. */
export function isStarred(text: SigmaString): boolean {
  return !text.includes(anyOne);
}

/** The same for all tests that ask the same. */
export function patternKey(test: PatternTest): string {
  return test.kind === 'regex' ? `re ${test.flags} ${test.source}` : `= ${written(test.text)}`;
}

/** Whether the pattern sees texts as they are. */
export function seesCase(test: PatternTest): boolean {
  return test.kind === 'regex' || test.isCased;
}
