import { anyOne, anyRun } from '../sigma-string.js';
import type { SigmaString } from '../sigma-string.js';
import { globMatcher } from './glob.js';
import type { PatternTest } from './patterns.js';
import { RegexAutomaton } from './regex-automaton.js';
import { quoted, withFlags } from './regex.js';
import { WildcardSearch } from './wildcard-search.js';

/** Reads a text once, and writes a 1 into `found` at the places of the tests that it meets. */
type Pass = (text: string, found: Uint8Array) => void;

/** Answers patterns in as few passes over a text as can be. */
export class PatternSearch {
  readonly #passes: readonly Pass[];

  constructor(tests: readonly PatternTest[]) {
    const [stars, others] = [new Map<number, SigmaString>(), new Map<number, PatternTest>()];
    for (const [index, test] of tests.entries()) {
      if (test.kind === 'text' && !test.text.includes(anyOne)) stars.set(index, test.text);
      else others.set(index, test);
    }
    this.#passes = [...(stars.size > 0 ? [wildcardPass(stars)] : []), ...expressionPasses([...others])];
  }

  /** How often a text is read. */
  get passes(): number {
    return this.#passes.length;
  }

  find(text: string, found: Uint8Array): void {
    for (const pass of this.#passes) pass(text, found);
  }
}

function wildcardPass(values: ReadonlyMap<number, SigmaString>): Pass {
  // Most are never asked for.
  let search: WildcardSearch | undefined;
  return (text, found) => (search ??= new WildcardSearch(values)).find(text, found);
}

/** One for all, or for each half of them where one table is too small. */
function expressionPasses(tests: readonly [index: number, test: PatternTest][]): Pass[] {
  if (tests.length === 0) return [];
  const automaton = RegexAutomaton.of(tests.map(([, test]) => inRe2(test)));
  if (automaton)
    return [
      automatonPass(
        automaton,
        tests.map(([index]) => index),
      ),
    ];
  const half = tests.length >> 1;
  const [[index, test]] = tests as [[number, PatternTest]];
  if (half > 0) return [...expressionPasses(tests.slice(0, half)), ...expressionPasses(tests.slice(half))];
  // An expression that has been read has a table. Single wildcards have bits.
  if (test.kind === 'regex') throw new Error(`no table for ${test.source}`);
  const matches = globMatcher(test.text);
  return [(text, found) => void (matches(text) && (found[index] = 1))];
}

function automatonPass(automaton: RegexAutomaton, indexes: readonly number[]): Pass {
  return (text, found) => {
    const bits = automaton.find(text);
    if (bits === 0) return;
    for (const [bit, index] of indexes.entries()) if ((bits & (1 << bit)) !== 0) found[index] = 1;
  };
}

/** In RE2's words: the whole text, unless a star is at its start or its end. */
export function inRe2(test: PatternTest): string {
  if (test.kind === 'regex') return withFlags(test);
  const { text } = test;
  const start = text[0] === anyRun ? '' : String.raw`\A`;
  const end = text.at(-1) === anyRun ? '' : String.raw`\z`;
  const inner = text.slice(start === '' ? 1 : 0, end === '' ? -1 : undefined);
  const parts = inner.map((part) => (part === anyRun ? '.*' : part === anyOne ? '.' : quoted(part)));
  return `(?s)${start}${parts.join('')}${end}`;
}
