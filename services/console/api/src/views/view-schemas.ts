import { listNames, maxQueryLength } from '@tidewaiter/query';
import { viewVisibilities } from '@tidewaiter/store';
import { z } from 'zod';

import { count, text, time } from '../http/fields.js';
import { listOf } from '../http/paging.js';

export const viewsQuery = z.strictObject({
  /** Whether only pinned ones are listed. */
  pinned: z.enum(['true']).optional(),
  /** Whether to count the rows of each, of the first twenty. */
  count: z.enum(['true', 'false']).default('false'),
});

export const viewBody = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .regex(/^[^\p{C}]*$/u, 'has characters that are not shown'),
  list: z.enum(listNames),
  q: z.string().max(maxQueryLength).default(''),
  /** Order as in the list's `sort`; that of the list unless given. */
  sort: z.string().max(50).nullable().default(null),
  /** `unlimited`: for accounts without limits; both but `private` need the role maintainer. */
  visibility: z.enum(viewVisibilities).default('private'),
  /** Whether the home page shows it with its count. */
  isPinned: z.boolean().default(false),
  /** Receiver of the routing that is notified of new rows; it needs the role responder. */
  receiver: z.string().min(1).max(200).nullable().default(null),
});

export const viewAnswer = z.object({
  id: z.string(),
  name: z.string(),
  list: z.enum(listNames),
  q: z.string(),
  sort: text,
  visibility: z.enum(viewVisibilities),
  isPinned: z.boolean(),
  /** Receiver that is notified of new rows, within the limits of the owner. */
  receiver: text,
  /** Why the receiver cannot be notified; null while it can. */
  watchProblem: text,
  /** Name of the user or service account that keeps it. */
  owner: z.string(),
  isOwn: z.boolean(),
  /** Whether the caller may change and delete it. */
  mayChange: z.boolean(),
  createdAt: time,
  /** Rows that the caller sees; null unless asked for. */
  total: z.object({ count, isAtLeast: z.boolean() }).nullable(),
  /** Why the query can no longer be read; null while it can. */
  problem: text,
});

export const viewsAnswer = listOf(viewAnswer);
