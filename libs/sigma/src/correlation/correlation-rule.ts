import type { RuleInfo } from '../rule-info.js';
import type { CorrelationExpression } from './expression.js';
import { hasNot } from './expression.js';

export const correlationTypes = [
  'event_count',
  'value_count',
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_percentile',
  'value_median',
] as const;

export type CorrelationType = (typeof correlationTypes)[number];

export const operators = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const;

export interface Bound {
  operator: (typeof operators)[number];
  value: number;
}

/**
 * Condition on a window: all bounds of its aggregate value, or an expression over the rules that
 * were seen in it.
 */
export type CorrelationCondition = { bounds: readonly Bound[] } | { expression: CorrelationExpression };

/** Correlation of the matches of other rules. @see Sigma correlation rules specification 2.1 */
export interface CorrelationRule {
  info: RuleInfo;
  /** Line of the section `correlation` in the file. */
  line: number;
  /** Whether the document sets a level; otherwise the highest of the parts is used. */
  hasLevel: boolean;
  type: CorrelationType;
  /** Ids or names of the parts, in the order of the document. */
  rules: readonly string[];
  groupBy: readonly string[];
  /** Alias to the part's id or name to the field that it stands for in events of that part. */
  aliases: ReadonlyMap<string, ReadonlyMap<string, string>>;
  timespanMs: number;
  condition: CorrelationCondition;
  /** Fields that the value types aggregate; empty for other types. */
  fields: readonly string[];
  /** From 0 to 100; only for `value_percentile`. */
  percentile: number | null;
  /** Whether the parts also raise alerts of their own. */
  generate: boolean;
}

export function isTemporal(type: CorrelationType): boolean {
  return type === 'temporal' || type === 'temporal_ordered';
}

/**
 * Whether a correlation is evaluated once, when the window that began with the group's first event
 * closes: its condition can be undone by later events, or met too early by a single one. All others
 * are evaluated at every event.
 */
export function isEvaluatedAtClose({ type, condition }: Pick<CorrelationRule, 'type' | 'condition'>): boolean {
  if ('expression' in condition) return hasNot(condition.expression);
  const [bound, ...more] = condition.bounds;
  if (!bound || more.length > 0) return true;
  const grows = bound.operator === 'gt' || bound.operator === 'gte';
  if (type === 'value_sum') return !grows;
  const counts = type === 'event_count' || type === 'value_count' || isTemporal(type);
  return !counts || !(grows || bound.operator === 'eq');
}

/**
 * Number of entries to keep for bounds that are evaluated at every event: one more than the value
 * where "reached" must be distinguished from "exceeded".
 */
export function countNeeded(bounds: readonly Bound[]): number {
  return Math.max(
    1,
    ...bounds.map(({ operator, value }) => (operator === 'gte' ? Math.ceil(value) : Math.floor(value) + 1)),
  );
}

export function keepsTo(bounds: readonly Bound[], figure: number): boolean {
  return bounds.every(({ operator, value }) => compare(figure, operator, value));
}

function compare(figure: number, operator: Bound['operator'], value: number): boolean {
  switch (operator) {
    case 'gt':
      return figure > value;
    case 'gte':
      return figure >= value;
    case 'lt':
      return figure < value;
    case 'lte':
      return figure <= value;
    case 'eq':
      return figure === value;
    case 'neq':
      return figure !== value;
  }
}
