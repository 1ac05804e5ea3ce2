import type { Located, LocatedMap } from '@tidewaiter/yaml';

import { RuleError, shown } from '../rule-error.js';
import { itemsOf, mapOf, onlyKeys, textAt, textOf } from '../rule-fields.js';
import type { RuleInfo } from '../rule-info.js';
import {
  type Bound,
  type CorrelationCondition,
  type CorrelationRule,
  type CorrelationType,
  correlationTypes,
  countNeeded,
  isEvaluatedAtClose,
  isTemporal,
  operators,
} from './correlation-rule.js';
import { readExpression, rulesIn } from './expression.js';
import { chainsOf } from './measures/chains.js';

export const correlationLimits = {
  maxRules: 1_000,
  maxGroupBy: 16,
  maxFields: 16,
  maxTimespanDays: 3_660,
  /** Limit on the entries of one group: a rule that must count further could never fire. */
  maxPerGroup: 65_536,
} as const;

const keys = ['type', 'rules', 'group-by', 'aliases', 'timespan', 'condition', 'generate'];
const dayMs = 86_400_000;
/** Milliseconds by unit; month and year are the means of the Gregorian calendar. */
const unitMs: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: dayMs,
  w: 7 * dayMs,
  M: 2_629_746_000,
  y: 31_556_952_000,
};

/**
 * Parses a document that has the key `correlation`.
 * @throws RuleError
 * @see Sigma correlation rules specification 2.1
 */
export function readCorrelation(document: LocatedMap, info: RuleInfo): CorrelationRule {
  const section = document.get('correlation');
  if (!section) throw new RuleError(info.line, 'correlation is missing');
  for (const key of ['detection', 'logsource'])
    if (document.has(key)) throw new RuleError(document.get(key)!.line, `a correlation has no ${key}`);
  const map = mapOf(section, 'correlation');
  onlyKeys(map, keys, 'correlation');
  const type = readType(map, section.line);
  const named = readNames(map, 'rules', correlationLimits.maxRules);
  const { condition, fields, percentile } = readCondition(map, type, named, section.line);
  const rules = named.length === 0 && 'expression' in condition ? rulesIn(condition.expression) : named;
  const rule: CorrelationRule = {
    info,
    line: section.line,
    hasLevel: textAt(document, 'level') !== null,
    type,
    rules,
    groupBy: [...new Set(readNames(map, 'group-by', correlationLimits.maxGroupBy))],
    aliases: readAliases(map.get('aliases')),
    timespanMs: readTimespan(map.get('timespan'), section.line),
    condition,
    fields,
    percentile,
    generate: readGenerate(document, map),
  };
  refuseWhatCannotWork(rule);
  return rule;
}

function readType(map: LocatedMap, line: number): CorrelationType {
  const located = map.get('type');
  if (!located) throw new RuleError(line, 'correlation has no type');
  const word = textOf(located, 'type');
  const type = correlationTypes.find((each) => each === word);
  if (!type) throw new RuleError(located.line, `type ${shown(word)} is none of ${correlationTypes.join(', ')}`);
  return type;
}

function readNames(map: LocatedMap, key: string, most: number): string[] {
  const located = map.get(key);
  const names = itemsOf(located).map((item) => readName(item, key));
  if (names.length > most) throw new RuleError(located!.line, `${key} names more than ${most}`);
  return names;
}

function readName(located: Located, what: string): string {
  if (typeof located.value !== 'string' || located.value === '')
    throw new RuleError(located.line, `${what} must be text`);
  return located.value;
}

function readAliases(located: Located | undefined): CorrelationRule['aliases'] {
  const aliases = new Map<string, ReadonlyMap<string, string>>();
  if (!located) return aliases;
  for (const [alias, mapping] of mapOf(located, 'aliases')) {
    const what = `the alias ${shown(alias)}`;
    const fields = [...mapOf(mapping, what)].map(([rule, field]) => [rule, readName(field, what)] as const);
    aliases.set(alias, new Map(fields));
  }
  return aliases;
}

function readTimespan(located: Located | undefined, line: number): number {
  if (!located) throw new RuleError(line, 'correlation has no timespan');
  const text = textOf(located, 'timespan');
  const [, digits = '', unit = ''] = /^(\d{1,9})([smhdwMy])$/.exec(text) ?? [];
  const timespanMs = Number(digits) * (unitMs[unit] ?? 0);
  if (timespanMs === 0)
    throw new RuleError(located.line, `timespan ${shown(text)} is not a positive number with one of s m h d w M y`);
  if (timespanMs > correlationLimits.maxTimespanDays * dayMs)
    throw new RuleError(located.line, `timespan is longer than ${correlationLimits.maxTimespanDays} days`);
  return timespanMs;
}

/**
 * Reads `generate` in both places: the specification has it beside the section in its schema, and
 * inside it in its text and in pySigma.
 */
function readGenerate(document: LocatedMap, map: LocatedMap): boolean {
  const places = [document.get('generate'), map.get('generate')].filter((each) => each !== undefined);
  for (const { value, line } of places)
    if (typeof value !== 'boolean') throw new RuleError(line, 'generate must be true or false');
  return places.some(({ value }) => value === true);
}

type Condition = Pick<CorrelationRule, 'condition' | 'fields' | 'percentile'>;

function readCondition(map: LocatedMap, type: CorrelationType, rules: readonly string[], line: number): Condition {
  const located = map.get('condition');
  if (typeof located?.value === 'string') {
    if (!isTemporal(type)) throw new RuleError(located.line, `the condition of ${type} must be a map`);
    return { condition: expressionOver(located.value, rules, located.line), fields: [], percentile: null };
  }
  if (rules.length === 0) throw new RuleError(line, 'correlation names no rules');
  if (located) return readBounds(located, type);
  if (!isTemporal(type)) throw new RuleError(line, `${type} has no condition`);
  return { condition: { bounds: [{ operator: 'gte', value: rules.length }] }, fields: [], percentile: null };
}

function expressionOver(text: string, rules: readonly string[], line: number): CorrelationCondition {
  const expression = readExpression(text, line);
  const asked = rulesIn(expression);
  if (asked.length > correlationLimits.maxRules)
    throw new RuleError(line, `condition names more than ${correlationLimits.maxRules} rules`);
  if (rules.length > 0) {
    const unlisted = asked.find((rule) => !rules.includes(rule));
    if (unlisted !== undefined) throw new RuleError(line, `condition names ${shown(unlisted)}, which is not in rules`);
    const unused = rules.find((rule) => !asked.includes(rule));
    if (unused !== undefined) throw new RuleError(line, `condition does not name ${shown(unused)}, which is in rules`);
  }
  return { expression };
}

function readBounds(located: Located, type: CorrelationType): Condition {
  const map = mapOf(located, 'condition');
  const looksAtValues = type.startsWith('value_');
  const known = [
    ...operators,
    ...(looksAtValues ? ['field'] : []),
    ...(type === 'value_percentile' ? ['percentile'] : []),
  ];
  onlyKeys(map, known, `the condition of ${type}`);
  const bounds = operators.flatMap((operator): Bound[] => {
    const bound = map.get(operator);
    return bound ? [{ operator, value: readNumber(bound, operator) }] : [];
  });
  if (bounds.length === 0) throw new RuleError(located.line, `condition has none of ${operators.join(', ')}`);
  const fields = readNames(map, 'field', type === 'value_count' ? correlationLimits.maxFields : 1);
  if (looksAtValues && fields.length === 0) throw new RuleError(located.line, `the condition of ${type} has no field`);
  return {
    condition: { bounds },
    fields,
    percentile: type === 'value_percentile' ? readPercentile(map, located.line) : null,
  };
}

function readNumber({ value, line }: Located, what: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new RuleError(line, `${what} must be a number`);
  return value;
}

function readPercentile(map: LocatedMap, line: number): number {
  const located = map.get('percentile');
  if (!located) throw new RuleError(line, 'the condition of value_percentile has no percentile');
  const percentile = readNumber(located, 'percentile');
  if (percentile < 0 || percentile > 100) throw new RuleError(located.line, 'percentile must be from 0 to 100');
  return percentile;
}

function refuseWhatCannotWork(rule: CorrelationRule): void {
  const { type, rules, condition, line } = rule;
  if (rules.length > 1 && type !== 'temporal_ordered') {
    const twice = rules.find((each, index) => rules.indexOf(each) !== index);
    if (twice !== undefined) throw new RuleError(line, `rules names ${shown(twice)} twice`);
  }
  if (type === 'temporal_ordered') chainsOf(rule);
  const { maxPerGroup } = correlationLimits;
  // A window that is evaluated at its close only needs the number of its events.
  const remembers = type === 'value_count' || (type === 'event_count' && !isEvaluatedAtClose(rule));
  if (remembers && 'bounds' in condition && countNeeded(condition.bounds) > maxPerGroup)
    throw new RuleError(line, `${type} does not count beyond ${maxPerGroup - 1} within a group`);
}
