import { isList, type Located } from '@tidewaiter/yaml';

import { and, type Expression, not, or, type Test } from './expression.js';
import { parseNetwork } from './matching/cidr.js';
import { longestSearch, searchCount } from './matching/glob.js';
import { inRe2, isSearchable } from './matching/pattern-search.js';
import { readRegex } from './matching/regex.js';
import { longestSegment } from './matching/shift-and.js';
import { applyModifiers, type Item, type Value } from './modifiers.js';
import type { Placeholders } from './placeholders.js';
import { RuleError } from './rule-error.js';
import { anyRun, joined, literalOf, mapTexts } from './sigma-string.js';

const maxValues = 10_000;

/** Parses `field|modifier…: value` or a list of values. @throws RuleError */
export function readItem(key: string, located: Located, placeholders: Placeholders): Expression {
  const [name = '', ...modifiers] = key.split('|');
  const field = name === '' ? null : name;
  // An empty value is null.
  const values =
    isList(located.value) && located.value.length > 0 ? located.value : [{ ...located, value: single(located) }];
  if (values.length > maxValues) throw new RuleError(located.line, `more than ${maxValues} values`);
  const item = applyModifiers(modifiers, values, located.line, placeholders);
  const alternatives = item.values.map((each) => or(each.map((value) => expressionOf(value, item, field))));
  const expression = item.isAll ? and(alternatives) : or(alternatives);
  return item.isNegated ? not(expression) : expression;
}

/** Parses keywords, which are values without a field. @throws RuleError */
export function readKeywords(values: readonly Located[], line: number, placeholders: Placeholders): Expression {
  return readItem('', { value: values, line }, placeholders);
}

function single({ value }: Located): Located['value'] {
  return isList(value) ? null : value;
}

function expressionOf(value: Value, item: Item, field: string | null): Expression {
  if (item.test === 'exists') {
    if (typeof value !== 'boolean') throw new RuleError(item.line, 'exists takes true or false');
    const exists = leaf(field, { kind: 'exists' }, item);
    return value ? exists : not(exists);
  }
  return leaf(field, checked(testOf(value, item, field), item.line), item);
}

function leaf(field: string | null, test: Test, { line }: Item): Expression {
  if (field !== null || test.kind === 'regex') return { kind: 'leaf', leaf: { field, test } };
  // A keyword matches anywhere in a value.
  if (test.kind !== 'text') throw new RuleError(line, 'an item without a field takes text');
  const text = joined([anyRun, ...test.text, anyRun]);
  return { kind: 'leaf', leaf: { field, test: { ...test, text } } };
}

function testOf(value: Value, item: Item, field: string | null): Test {
  const { line, comparison, timePart: part, isCased } = item;
  if (isCased && (item.test === 'regex' || item.test === 'cidr')) throw new RuleError(line, 'cased belongs to text');
  switch (item.test) {
    case 'regex':
      return { kind: 'regex', ...readRegex(literal(value, line), item.flags, line) };
    case 'cidr': {
      const network = parseNetwork(literal(value, line));
      if (typeof network === 'string') throw new RuleError(line, `the value ${network}`);
      return { kind: 'cidr', network };
    }
    case 'field':
      return { kind: 'field', other: literal(value, line), position: item.position, isCased };
    default:
      if (part) return { kind: 'time-part', part, comparison: comparison ?? 'eq', number: numberOf(value, line) };
      return comparison
        ? { kind: 'compare', comparison, number: numberOf(value, line) }
        : valueTest(value, field, isCased);
  }
}

const maxPieces = 64;

function checked(test: Test, line: number): Test {
  if (test.kind !== 'text') return test;
  if (longestSearch(test.text) > longestSegment && !isSearchable(inRe2(test)))
    throw new RuleError(line, `between two * there are more than ${longestSegment} characters with a ? among them`);
  if (searchCount(test.text) > maxPieces) throw new RuleError(line, `more than ${maxPieces} * in a value`);
  return test;
}

function valueTest(value: Value, field: string | null, isCased: boolean): Test {
  if (value === null) return { kind: 'null' };
  if (typeof value === 'number' && field !== null) return { kind: 'number', number: value };
  const text = typeof value === 'object' ? value : [String(value)];
  return { kind: 'text', text: isCased ? text : mapTexts(text, (each) => each.toLowerCase()), isCased };
}

function literal(value: Value, line: number): string {
  const text = value !== null && typeof value === 'object' ? literalOf(value) : String(value);
  if (value === null || text === undefined || text === '')
    throw new RuleError(line, 'this takes text without wildcards');
  return text;
}

function numberOf(value: Value, line: number): number {
  if (typeof value !== 'number') throw new RuleError(line, 'this takes a number');
  return value;
}
