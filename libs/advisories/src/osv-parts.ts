import { z } from 'zod';

import { isReadable } from './severity.js';

/** Limit on names and ids; those of the feeds have below 150 characters. */
const maxNameLength = 500;
/** Limit on reported places: more would not help, and a hostile record can have millions. */
const maxDropped = 100;

// PostgreSQL stores neither NUL nor half a surrogate pair, and one such record must not fail the
// whole import.
export const text = z
  .string()
  .min(1)
  .refine((value) => value.isWellFormed() && !value.includes('\0'));
export const shortText = text.max(maxNameLength);
export const anything = z.unknown().optional();
export const textOrNothing = z.string().optional().catch(undefined);

export const severitySchema = z.object({ type: text, score: text }).refine(isReadable);

/** Reads the valid items and records the places of the others. */
export function readEach<T>(items: unknown, schema: z.ZodType<T>, place: string, dropped: string[]): T[] {
  if (items === undefined || items === null) return [];
  if (!Array.isArray(items)) {
    drop(place, dropped);
    return [];
  }
  const values: T[] = [];
  for (const [index, item] of items.entries()) {
    const read = schema.safeParse(item);
    if (read.success) values.push(read.data);
    else drop(`${place}[${index}]`, dropped);
  }
  return values;
}

/** Whether every item was read. */
export function isWhole(items: unknown, read: unknown[]): boolean {
  return items === undefined || items === null || (Array.isArray(items) && items.length === read.length);
}

function drop(place: string, dropped: string[]): void {
  if (dropped.length < maxDropped) dropped.push(place);
}
