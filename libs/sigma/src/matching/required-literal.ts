import type { Test } from '../expression.js';
import { anyRun } from '../sigma-string.js';
import { isPattern } from './pattern-test.js';
import { literalsOf } from './regex-literals.js';

type TextTest = Extract<Test, { kind: 'text' }>;

/** Minimum length: shorter literals are in almost every text. */
const minLength = 3;

/**
 * Necessary conditions of a pattern that are cheaper to test: at least one literal of each list is
 * in every match. Empty where none are known.
 */
export function requiredLiterals(test: Test): readonly (readonly TextTest[])[] {
  if (!isPattern(test)) return [];
  if (test.kind === 'regex') {
    const literals = literalsOf(test);
    return literals ? [literals.map((literal) => containing(literal, false))] : [];
  }
  const texts = test.text.filter((part) => typeof part === 'string').toSorted((a, b) => b.length - a.length);
  const selective = texts.filter(({ length }, index) => index === 0 || length >= minLength);
  return [...new Set(selective)].map((text) => [containing(text, test.isCased)]);
}

function containing(text: string, isCased: boolean): TextTest {
  return { kind: 'text', text: [anyRun, text, anyRun], isCased };
}
