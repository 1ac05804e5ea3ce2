import { InvalidInput } from '@tidewaiter/domain';
import { validate } from 'uuid';

/**
 * Request for a page of a list. Lists are paged by id. Most ids are UUIDs of version 7, so the
 * newest row has the greatest one; those of deliveries are derived, and their order is a column.
 */
export interface PageRequest {
  limit: number;
  /** Id of the last item of the page before. */
  after?: string | undefined;
}

export interface Page<Item> {
  items: Item[];
  /** Cursor of the next page; null on the last. */
  next: string | null;
}

/**
 * Reads a cursor that a client sends back.
 * @throws InvalidInput `CURSOR_INVALID`
 */
export function readCursor(text: string): string {
  if (!validate(text)) throw new InvalidInput('CURSOR_INVALID', 'not a cursor that this API gave out');
  return text;
}

/** Cuts a result of `limit + 1` rows to a page. */
export function pageOf<Item extends { id: string }>(rows: Item[], limit: number): Page<Item> {
  const items = rows.slice(0, limit);
  return { items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
}
