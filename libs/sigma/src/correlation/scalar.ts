import { createHash } from 'node:crypto';

/** Value of a field as correlations store it. */
export type Scalar = string | number;

/**
 * Limit on texts; longer ones are stored as prefix and digest: a million groups must not hold a
 * million command lines.
 */
const maxTextLength = 256;
const shownLength = 128;

/**
 * Converts a value to a scalar; undefined if it is missing or null. A list of one becomes its
 * element; other lists and objects become JSON.
 */
export function scalarOf(value: unknown): Scalar | undefined {
  if (typeof value === 'string') return bounded(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value) && value.length === 1) return scalarOf(value[0]);
  if (typeof value === 'object' && value !== null) return bounded(JSON.stringify(value));
  return typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : undefined;
}

export function textOf(scalar: Scalar): string {
  return typeof scalar === 'number' ? String(scalar) : scalar;
}

/** Converts a number, or a text with a decimal number; undefined for others. */
export function numberOf(scalar: Scalar): number | undefined {
  if (typeof scalar === 'number') return scalar;
  if (scalar.length > 32 || !/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(scalar)) return undefined;
  const number = Number(scalar);
  return Number.isFinite(number) ? number : undefined;
}

/** Returns the text itself, or its prefix and digest if it is longer than the limit. */
export function bounded(text: string): string {
  if (text.length <= maxTextLength) return text;
  return `${text.slice(0, shownLength)}…sha256:${createHash('sha256').update(text).digest('hex')}`;
}
