import { RE2JS } from 're2js';

import { anyOne, anyRun } from '../sigma-string.js';
import type { SigmaString } from '../sigma-string.js';
import { globMatcher } from './glob.js';
import { isStarred } from './pattern-test.js';
import type { PatternTest } from './pattern-test.js';
import { quoted, withFlags } from './re2-source.js';
import { readsPrograms } from './re2js-internals.js';
import { RegexAutomaton } from './regex-automaton.js';
import { halvesOf } from './regex-halves.js';
import { lanes, RegexScan } from './regex-scan.js';
import { WildcardSearch } from './wildcard-search.js';

/** Pass over a text, which writes a 1 to `found` at the places of the tests that match. */
type Pass = (text: string, found: Uint8Array) => void;

/** Evaluates patterns in as few passes over a text as possible. */
export class PatternSearch {
  /** Lazy, as the plan, which compiles tables: most are never needed. */
  #passes: readonly Pass[] | undefined;
  #madePlan: Plan | undefined;

  /**
   * @param hasAutomata whether expressions are compiled to tables, see {@link readsPrograms}; else
   * RE2JS evaluates each
   */
  constructor(
    private readonly tests: readonly PatternTest[],
    private readonly hasAutomata = readsPrograms(),
  ) {}

  get #plan(): Plan {
    return (this.#madePlan ??= planOf(this.tests, this.hasAutomata));
  }

  /**
   * Number of passes over a text. All expressions that RE2JS evaluates count as one: no rule is
   * refused for them.
   */
  get passes(): number {
    const { stars, globs, regexes, tables } = this.#plan;
    return Number(stars.size > 0) + globs.length + Number(regexes.length > 0) + Math.ceil(tables.length / lanes);
  }

  find(text: string, found: Uint8Array): void {
    this.#passes ??= passesOf(this.#plan);
    for (const pass of this.#passes) pass(text, found);
  }
}

/** Search method for each test. */
interface Plan {
  stars: ReadonlyMap<number, SigmaString>;
  /** Values with single wildcards for which no table can be built. */
  globs: readonly Pass[];
  /** Tests that RE2JS evaluates. */
  regexes: readonly Pass[];
  tables: readonly Table[];
}

/**
 * Whether an expression can be searched for in bounded time and memory: with tables, one, or one
 * for each half of its alternatives, or by RE2JS.
 */
export function isSearchable(expression: string, hasAutomata = readsPrograms()): boolean {
  return !hasAutomata || automataFor([{ index: 0, expression }]) !== null;
}

function planOf(tests: readonly PatternTest[], hasAutomata: boolean): Plan {
  const stars = new Map<number, SigmaString>();
  const globs: Pass[] = [];
  const regexes: Pass[] = [];
  const others: Sought[] = [];
  for (const [index, test] of tests.entries()) {
    if (test.kind === 'text' && isStarred(test.text)) stars.set(index, test.text);
    else if (!hasAutomata) regexes.push(regexPass(index, inRe2(test)));
    else if (test.kind === 'regex' || isSearchable(inRe2(test))) others.push({ index, expression: inRe2(test) });
    else globs.push(globPass(index, test.text));
  }
  return { stars, globs, regexes, tables: tablesFor(others) };
}

function passesOf({ stars, globs, regexes, tables }: Plan): Pass[] {
  const passes = [...globs, ...regexes];
  if (stars.size > 0) passes.push(wildcardPass(stars));
  for (let first = 0; first < tables.length; first += lanes)
    passes.push(tablesPass(tables.slice(first, first + lanes)));
  return passes;
}

/**
 * Total size above which tables are not combined: the combined one would have a state for most
 * pairs of their states.
 */
const smallTables = 20_000;

/** Compiles a table for each expression, and combines them where they are many and small. */
function tablesFor(sought: readonly Sought[]): Table[] {
  const own = sought.flatMap((each) => automataFor([each]) ?? []);
  const steps = own.reduce((sum, { automaton }) => sum + automaton.size, 0);
  return own.length <= lanes || steps > smallTables ? own : (automataFor(sought) ?? own);
}

function wildcardPass(values: ReadonlyMap<number, SigmaString>): Pass {
  const search = new WildcardSearch(values);
  return (text, found) => search.find(text, found);
}

function regexPass(index: number, expression: string): Pass {
  const regex = RE2JS.compile(expression);
  return (text, found) => void (regex.test(text) && (found[index] = 1));
}

function globPass(index: number, value: SigmaString): Pass {
  const matches = globMatcher(value);
  return (text, found) => void (matches(text) && (found[index] = 1));
}

/** Expression, and the place of the test that it is, or is an alternative of. */
interface Sought {
  index: number;
  expression: string;
}

interface Table {
  automaton: RegexAutomaton;
  /** Places of the tests, by bit. */
  indexes: readonly number[];
}

/**
 * Compiles one automaton for all expressions, or one for each half of them if a single one would be
 * too large; null if an expression alone is too large.
 */
function automataFor(sought: readonly Sought[]): Table[] | null {
  const automaton = RegexAutomaton.of(sought.map(({ expression }) => expression));
  if (automaton) return [{ automaton, indexes: sought.map(({ index }) => index) }];
  const halves = sought.length > 1 ? inHalves(sought) : sought.flatMap(apart).map((each) => [each]);
  if (halves.length < 2) return null;
  const tables = halves.map(automataFor);
  return tables.every((each) => each !== null) ? tables.flat() : null;
}

function inHalves(sought: readonly Sought[]): Sought[][] {
  const half = sought.length >> 1;
  return [sought.slice(0, half), sought.slice(half)];
}

function apart({ index, expression }: Sought): Sought[] {
  return (halvesOf(expression) ?? []).map((half) => ({ index, expression: half }));
}

function tablesPass(tables: readonly Table[]): Pass {
  const scan = new RegexScan(tables.map(({ automaton }) => automaton));
  return (text, found) => {
    for (const [table, bits] of scan.find(text).entries()) {
      if (bits === 0) continue;
      for (const [bit, index] of tables[table]!.indexes.entries()) if ((bits & (1 << bit)) !== 0) found[index] = 1;
    }
  };
}

/** Converts a pattern to RE2 syntax, anchored at the start and end unless there is a star. */
export function inRe2(test: PatternTest): string {
  if (test.kind === 'regex') return withFlags(test);
  const { text } = test;
  const start = text[0] === anyRun ? '' : String.raw`\A`;
  const end = text.at(-1) === anyRun ? '' : String.raw`\z`;
  const inner = text.slice(start === '' ? 1 : 0, end === '' ? -1 : undefined);
  const parts = inner.map((part) => (part === anyRun ? '.*' : part === anyOne ? '.' : quoted(part)));
  return `(?s)${start}${parts.join('')}${end}`;
}
