import type { Network } from './matching/cidr.js';
import type { TimePart } from './matching/time-part.js';
import type { SigmaString } from './sigma-string.js';

/** Boolean expression of a rule. */
export type Expression =
  | { kind: 'and' | 'or'; parts: readonly Expression[] }
  | { kind: 'not'; part: Expression }
  | { kind: 'leaf'; leaf: Leaf };

/** Test of one field. */
export interface Leaf {
  /** Null for a keyword: any scalar of the event. */
  field: string | null;
  test: Test;
}

export type Comparison = 'lt' | 'lte' | 'gt' | 'gte';
export type Position = 'equals' | 'startswith' | 'endswith' | 'contains';

export type Test =
  /** Whole value, in lower case unless `isCased`. */
  | { kind: 'text'; text: SigmaString; isCased: boolean }
  | { kind: 'number'; number: number }
  /** Missing, or null. */
  | { kind: 'null' }
  /** Present, null included. */
  | { kind: 'exists' }
  /** Match anywhere in the value. */
  | { kind: 'regex'; source: string; flags: string }
  | { kind: 'compare'; comparison: Comparison; number: number }
  | { kind: 'cidr'; network: Network }
  | { kind: 'time-part'; part: TimePart; comparison: Comparison | 'eq'; number: number }
  /** Comparison with the value of another field. */
  | { kind: 'field'; other: string; position: Position; isCased: boolean };

export function and(parts: readonly Expression[]): Expression {
  return parts.length === 1 && parts[0] ? parts[0] : { kind: 'and', parts };
}

export function or(parts: readonly Expression[]): Expression {
  return parts.length === 1 && parts[0] ? parts[0] : { kind: 'or', parts };
}

export function not(part: Expression): Expression {
  return part.kind === 'not' ? part.part : { kind: 'not', part };
}

/** Yields all leaves, with repetition. */
export function* leavesOf(expression: Expression): Generator<Leaf> {
  if (expression.kind === 'leaf') yield expression.leaf;
  else if (expression.kind === 'not') yield* leavesOf(expression.part);
  else for (const part of expression.parts) yield* leavesOf(part);
}

/** Returns the expression with each leaf replaced. */
export function mapLeaves(expression: Expression, change: (leaf: Leaf) => Expression): Expression {
  if (expression.kind === 'leaf') return change(expression.leaf);
  if (expression.kind === 'not') return not(mapLeaves(expression.part, change));
  return { kind: expression.kind, parts: expression.parts.map((part) => mapLeaves(part, change)) };
}
