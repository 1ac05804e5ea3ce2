import type { Field } from './fields.js';
import { InvalidQuery } from './invalid-query.js';

/** A value of a condition in the type of its field. */
export type FieldValue = string | number | boolean | Date;

const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const isoTime = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/**
 * Reads one value.
 * @param position of the value in the query
 * @param now time from which `7d` counts back
 * @throws InvalidQuery
 */
export function readValue(text: string, position: number, field: Field, now: Date): FieldValue {
  if (text === '') throw new InvalidQuery(position, 'a value is missing');
  switch (field.type) {
    case 'text':
    case 'match':
      return text;
    case 'flag':
      return readFlag(text, position);
    case 'number':
      return readNumber(text, position);
    case 'time':
      return readTime(text, position, now);
    case 'choice':
    case 'rank':
      return readChoice(text, position, field.values);
  }
}

function readFlag(text: string, position: number): boolean {
  const lower = text.toLowerCase();
  if (lower === 'true' || lower === 'yes') return true;
  if (lower === 'false' || lower === 'no') return false;
  throw new InvalidQuery(position, `"${text}" is neither true nor false`);
}

function readNumber(text: string, position: number): number {
  if (!/^-?\d{1,15}(?:\.\d{1,15})?$/.test(text)) throw new InvalidQuery(position, `"${text}" is not a number`);
  return Number(text);
}

function readTime(text: string, position: number, now: Date): Date {
  const [, number, unit = ''] = /^-?(\d{1,5})([smhdw])$/.exec(text) ?? [];
  if (number !== undefined) return new Date(now.getTime() - Number(number) * unitMs[unit]!);
  // Without a zone a time would be that of the server.
  const zoned = /^\d{4}-\d{2}-\d{2}T[\d:.]+$/.test(text) ? `${text}Z` : text;
  const time = isoTime.test(text) ? new Date(zoned) : new Date(Number.NaN);
  if (Number.isNaN(time.getTime()))
    throw new InvalidQuery(position, `"${text}" is not a time: write 7d for seven days ago, or 2026-01-31`);
  return time;
}

function readChoice(text: string, position: number, values: readonly string[]): string {
  const chosen = values.find((value) => value.toLowerCase() === text.toLowerCase());
  if (chosen === undefined) throw new InvalidQuery(position, `"${text}" is none of ${values.join(', ')}`);
  return chosen;
}
