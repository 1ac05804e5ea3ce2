import { createHash } from 'node:crypto';

/** What correlation keeps of a field. */
export type Scalar = string | number;

/** Longer texts are kept by their beginning and their digest: a million groups must not hold a million command lines. */
const maxTextLength = 256;
const shownLength = 128;

/** Undefined for what is missing or null. A list of one is what it holds; other lists and objects are their JSON. */
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

/** Numbers, and texts that write one in decimal; undefined for the rest. */
export function numberOf(scalar: Scalar): number | undefined {
  if (typeof scalar === 'number') return scalar;
  if (scalar.length > 32 || !/^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i.test(scalar)) return undefined;
  const number = Number(scalar);
  return Number.isFinite(number) ? number : undefined;
}

/** The text itself unless it is longer than any that is kept. */
export function bounded(text: string): string {
  if (text.length <= maxTextLength) return text;
  return `${text.slice(0, shownLength)}…sha256:${createHash('sha256').update(text).digest('hex')}`;
}
