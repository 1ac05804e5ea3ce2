import { isList, isMap, type Located } from '@tidewaiter/yaml';

import { type Condition, namesOf, parseCondition } from './condition.js';
import { readItem, readKeywords } from './detection-item.js';
import { and, type Expression, leavesOf, not, or } from './expression.js';
import { isPattern, isStarred } from './matching/pattern-test.js';
import type { Placeholders } from './placeholders.js';
import { RuleError, shown } from './rule-error.js';
import { itemsOf, mapOf, textOf } from './rule-fields.js';

/** Keys of `detection` and `filter` that are not selections. */
const reserved = ['condition', 'timeframe', 'rules'];

/** Limit on the size of an expression after names are replaced by their selections. */
const maxLeaves = 20_000;
const maxPatterns = 64;

/**
 * Parses the named selections of a rule or filter and its condition; several conditions are
 * alternatives.
 * @throws RuleError
 */
export function readDetections(detection: Located, what: string, placeholders: Placeholders): Expression {
  const map = mapOf(detection, what);
  const selections = new Map<string, Expression>();
  for (const [name, located] of map)
    if (!reserved.includes(name)) selections.set(name, readSelection(located, name, placeholders));
  const conditions = itemsOf(map.get('condition'));
  if (conditions.length === 0) throw new RuleError(detection.line, `${what} has no condition`);
  const patterns = [...selections.values()].flatMap((selection) =>
    [...leavesOf(selection)].filter(({ test }) => isPattern(test) && !(test.kind === 'text' && isStarred(test.text))),
  );
  if (patterns.length > maxPatterns)
    throw new RuleError(detection.line, `${what} has more than ${maxPatterns} expressions and values with ? inside`);
  const whole = or(
    conditions.map((located) =>
      resolve(parseCondition(textOf(located, 'condition'), located.line), selections, located.line),
    ),
  );
  if (sizeOf(whole) > maxLeaves) throw new RuleError(detection.line, `${what} asks more than ${maxLeaves} questions`);
  return whole;
}

/** Counts leaves with repetition; shared selections are measured once. */
function sizeOf(whole: Expression): number {
  const sizes = new Map<Expression, number>();
  const measure = (expression: Expression): number => {
    if (expression.kind === 'leaf') return 1;
    const known = sizes.get(expression);
    if (known !== undefined) return known;
    const size =
      expression.kind === 'not'
        ? measure(expression.part)
        : expression.parts.reduce((sum, part) => sum + measure(part), 0);
    sizes.set(expression, size);
    return size;
  };
  return measure(whole);
}

/** Parses a selection: all items of a map must match, or one member of a list. */
function readSelection({ value, line }: Located, name: string, placeholders: Placeholders): Expression {
  if (isMap(value)) {
    if (value.size === 0) throw new RuleError(line, `${shown(name)} is empty`);
    return and([...value].map(([key, item]) => readItem(key, item, placeholders)));
  }
  if (!isList(value)) return readKeywords([{ value, line }], line, placeholders);
  if (value.length === 0) throw new RuleError(line, `${shown(name)} is empty`);
  return or(value.map((member) => readSelection(member, name, placeholders)));
}

function resolve(condition: Condition, selections: ReadonlyMap<string, Expression>, line: number): Expression {
  switch (condition.kind) {
    case 'and':
      return and(condition.parts.map((part) => resolve(part, selections, line)));
    case 'or':
      return or(condition.parts.map((part) => resolve(part, selections, line)));
    case 'not':
      return not(resolve(condition.part, selections, line));
    case 'name':
      return selectionOf(condition.name);
    case 'of': {
      const names = namesOf(condition.pattern, selections.keys());
      if (names.length === 0) throw new RuleError(line, `${shown(condition.pattern)} selects nothing`);
      return (condition.quantifier === 'all' ? and : or)(names.map(selectionOf));
    }
  }

  function selectionOf(name: string): Expression {
    const selection = selections.get(name);
    if (!selection) throw new RuleError(line, `the condition names ${shown(name)}, which is not there`);
    return selection;
  }
}
