import { RuleError } from '../../rule-error.js';
import type { CorrelationRule } from '../correlation-rule.js';
import type { CorrelationExpression } from '../expression.js';

/**
 * Chains that an ordered correlation must distinguish: sets of steps that occurred in order, as
 * bits by position.
 */
export interface Chains {
  /** Sorted by number of steps; each comes after the chain without its last step. */
  masks: readonly number[];
  /** For each chain the index of the one without its last step; -1 where that is empty. */
  before: readonly number[];
  /** For each step the chains that end with it. */
  endingWith: readonly (readonly number[])[];
}

const maxSteps = 30;
const maxChains = 256;

/** @throws RuleError when there would be too many chains */
export function chainsOf(rule: Pick<CorrelationRule, 'rules' | 'condition' | 'line'>): Chains {
  if (rule.rules.length > maxSteps) throw new RuleError(rule.line, `temporal_ordered has more than ${maxSteps} steps`);
  const masks = [...new Set(goalsOf(rule).flatMap(beginnings))].toSorted((a, b) => sizeOf(a) - sizeOf(b) || a - b);
  if (masks.length > maxChains) refuse(rule.line);
  const places = new Map(masks.map((mask, index) => [mask, index]));
  return {
    masks,
    before: masks.map((mask) => places.get(withoutLast(mask)) ?? -1),
    endingWith: rule.rules.map((_, step) => masks.flatMap((mask, index) => (lastStep(mask) === step ? [index] : []))),
  };
}

/** Returns the sets of steps that decide the condition. */
function goalsOf({ rules, condition, line }: Pick<CorrelationRule, 'rules' | 'condition' | 'line'>): number[] {
  if ('expression' in condition) return goalsOfExpression(condition.expression, rules, line);
  const [bound, ...more] = condition.bounds;
  const grows = more.length === 0 && (bound?.operator === 'gt' || bound?.operator === 'gte');
  // Unless more steps always suffice, every length has to be distinguished.
  const sizes = grows
    ? [bound.operator === 'gt' ? Math.floor(bound.value) + 1 : Math.ceil(bound.value)]
    : rules.map((_, index) => index + 1);
  const goals: number[] = [];
  for (const size of sizes) choose(rules.length, size, 0, 0, goals, line);
  return goals;
}

/** Adds all sets of `size` steps from `first` on. */
function choose(steps: number, size: number, first: number, mask: number, into: number[], line: number): void {
  if (size <= 0) {
    if (into.push(mask) > maxChains) refuse(line);
    return;
  }
  for (let step = first; step <= steps - size; step += 1)
    choose(steps, size - 1, step + 1, mask | (1 << step), into, line);
}

/**
 * Returns the required sets of steps, as alternatives; a rule that must be absent is tracked as a
 * chain of its own.
 */
function goalsOfExpression(expression: CorrelationExpression, rules: readonly string[], line: number): number[] {
  const absent: number[] = [];
  const alternatives = (each: CorrelationExpression, negated: boolean): number[] => {
    if ('rule' in each) {
      const mask = 1 << rules.indexOf(each.rule);
      if (!negated) return [mask];
      absent.push(mask);
      return [0];
    }
    if ('not' in each) return alternatives(each.not, !negated);
    const all = 'all' in each;
    const parts = (all ? each.all : each.any).map((part) => alternatives(part, negated));
    const joined = all === negated ? parts.flat() : parts.reduce((left, right) => crossed(left, right, line), [0]);
    if (joined.length > maxChains) refuse(line);
    return [...new Set(joined)];
  };
  return [...alternatives(expression, false), ...absent];
}

function crossed(left: readonly number[], right: readonly number[], line: number): number[] {
  if (left.length * right.length > maxChains) refuse(line);
  return [...new Set(left.flatMap((a) => right.map((b) => a | b)))];
}

/** Returns the chain itself and all its prefixes. */
function beginnings(mask: number): number[] {
  const found: number[] = [];
  for (let rest = mask; rest !== 0; rest = withoutLast(rest)) found.push(rest);
  return found;
}

function lastStep(mask: number): number {
  return 31 - Math.clz32(mask);
}

function withoutLast(mask: number): number {
  return mask & ~(1 << lastStep(mask));
}

export function sizeOf(mask: number): number {
  let size = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) size += 1;
  return size;
}

function refuse(line: number): never {
  throw new RuleError(line, `temporal_ordered has more than ${maxChains} ways to come true`);
}
