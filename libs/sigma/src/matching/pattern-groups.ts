import { leavesOf } from '../expression.js';
import type { Expression } from '../expression.js';
import { PatternSearch } from './pattern-search.js';
import { isPattern, patternKey, seesCase } from './pattern-test.js';
import type { PatternTest } from './pattern-test.js';

/** Patterns of one rule that are applied to the same texts. */
export interface PatternGroup {
  /** Key that is the same for all rules with the same patterns on the same field. */
  key: string;
  field: string | null;
  /** Whether texts keep their case, as for regular expressions, or are in lower case. */
  isCased: boolean;
  /** By the key of the test its place in the search. */
  places: ReadonlyMap<string, number>;
  search: PatternSearch;
}

const none: readonly PatternGroup[] = [];
/** Cache: an unchanged rule is not compiled again. */
const known = new WeakMap<Expression, readonly PatternGroup[]>();

export function patternGroups(expression: Expression): readonly PatternGroup[] {
  let groups = known.get(expression);
  if (groups === undefined) known.set(expression, (groups = groupsOf(expression)));
  return groups;
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
