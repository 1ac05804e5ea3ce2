import { readCursor } from '@tidewaiter/store';
import { z } from 'zod';

import { text } from './fields.js';

/** Paging parameters of every list. */
export const pageQuery = z.strictObject({
  /** Items on a page. */
  limit: z.coerce.number().int().min(1).max(200).default(50),
  /** `next` of the previous page. */
  after: z.string().max(200).transform(readCursor).optional(),
});

/** List with the cursor of its next page. */
export const listOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item), next: text });
