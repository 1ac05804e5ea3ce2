import { leavesOf } from '../expression.js';
import type { Expression, Test } from '../expression.js';
import { written } from '../sigma-string.js';
import { literalTest } from './literal-test.js';
import { PatternSearch } from './pattern-search.js';

/** What cannot be looked for together with the literals of all rules: an expression, or text with wildcards inside. */
export type PatternTest = Extract<Test, { kind: 'text' | 'regex' }>;

/** The patterns of one rule that are about the same texts. */
export interface PatternGroup {
  /** The same for all rules that ask the same of the same field. */
  key: string;
  field: string | null;
  /** Whether they see texts as they are, as expressions do, and not in lower case. */
  isCased: boolean;
  /** By the key of the test: its place in the search. */
  places: ReadonlyMap<string, number>;
  search: PatternSearch;
}

const none: readonly PatternGroup[] = [];
/** A rule that has not changed is not read again, and its tables are not made again. */
const known = new WeakMap<Expression, readonly PatternGroup[]>();

export function patternGroups(expression: Expression): readonly PatternGroup[] {
  let groups = known.get(expression);
  if (groups === undefined) known.set(expression, (groups = groupsOf(expression)));
  return groups;
}

export function isPattern(test: Test): test is PatternTest {
  if (test.kind === 'regex') return true;
  // A lone star is any text.
  return test.kind === 'text' && test.text.length > 1 && literalTest(test) === null;
}

/** The same for all tests that ask the same. */
export function patternKey(test: PatternTest): string {
  return test.kind === 'regex' ? `re ${test.flags} ${test.source}` : `= ${written(test.text)}`;
}

/** Whether the pattern sees texts as they are. */
export function seesCase(test: PatternTest): boolean {
  return test.kind === 'regex' || test.isCased;
}

function groupsOf(expression: Expression): readonly PatternGroup[] {
  const groups = new Map<string, { field: string | null; isCased: boolean; tests: Map<string, PatternTest> }>();
  for (const { field, test } of leavesOf(expression)) {
    if (!isPattern(test)) continue;
    const isCased = seesCase(test);
    const key = JSON.stringify([field, isCased]);
    let group = groups.get(key);
    if (!group) groups.set(key, (group = { field, isCased, tests: new Map() }));
    group.tests.set(patternKey(test), test);
  }
  if (groups.size === 0) return none;
  return [...groups].map(([key, { field, isCased, tests }]) => ({
    key: `${key} ${[...tests.keys()].join('\n')}`,
    field,
    isCased,
    places: new Map([...tests.keys()].map((test, place) => [test, place])),
    search: new PatternSearch([...tests.values()]),
  }));
}
