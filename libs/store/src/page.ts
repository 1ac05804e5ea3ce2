import { InvalidInput } from '@tidewaiter/domain';
import { z } from 'zod';

/** A place in a list: lists are paged by key, so rows that come and go shift nothing. */
export interface Cursor {
  /** ISO 8601. */
  at: string;
  id: string;
}

export interface PageRequest {
  limit: number;
  after?: Cursor | undefined;
}

export interface Page<Item> {
  items: Item[];
  /** Cursor of the next page; null on the last. */
  next: string | null;
}

const cursor = z.object({ at: z.iso.datetime(), id: z.uuid() });

export function cursorOf(place: Cursor): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/**
 * Reads a cursor that a client sends back.
 * @throws InvalidInput `CURSOR_INVALID`
 */
export function readCursor(text: string): Cursor {
  try {
    return cursor.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  } catch (cause) {
    throw new InvalidInput('CURSOR_INVALID', 'not a cursor that this API gave out', { cause });
  }
}

/** Cuts a result of `limit + 1` rows to a page. */
export function pageOf<Item extends { id: string }>(rows: Item[], limit: number, at: (item: Item) => Date): Page<Item> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, next: last && rows.length > limit ? cursorOf({ at: at(last).toISOString(), id: last.id }) : null };
}
