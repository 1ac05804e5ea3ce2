import type { Test } from '../expression.js';
import { anyRun, literalOf } from '../sigma-string.js';
import { literalsOf } from './regex-literals.js';

type TextTest = Extract<Test, { kind: 'text' }>;

/** What every text meets at least one of that meets the test, where that is cheaper than the whole; none where nothing is known. */
export function requiredLiterals(test: Test): TextTest[] {
  if (test.kind === 'regex') return (literalsOf(test) ?? []).map((literal) => containing(literal, false));
  if (test.kind !== 'text' || !isCostly(test)) return [];
  const longest = longestOf(test.text.filter((part) => typeof part === 'string'));
  return longest === undefined ? [] : [containing(longest, test.isCased)];
}

/** A string with wildcards between texts. */
function isCostly({ text }: TextTest): boolean {
  const inner = text.slice(text[0] === anyRun ? 1 : 0, text.length > 1 && text.at(-1) === anyRun ? -1 : undefined);
  return literalOf(inner) === undefined;
}

function containing(text: string, isCased: boolean): TextTest {
  return { kind: 'text', text: [anyRun, text, anyRun], isCased };
}

function longestOf(texts: readonly string[]): string | undefined {
  return texts.toSorted((a, b) => b.length - a.length)[0];
}
