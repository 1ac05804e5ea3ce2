import { fieldTypes, listNames, maxQueryLength, operators } from '@tidewaiter/query';
import { z } from 'zod';

import { count, text } from '../http/fields.js';

/** Fields, operators and orders of the lists. */
export const listsAnswer = z.object({
  items: z.array(
    z.object({
      name: z.enum(listNames),
      path: z.string(),
      fields: z.array(
        z.object({
          name: z.string(),
          type: z.enum(fieldTypes),
          description: z.string(),
          operators: z.array(z.enum(operators)),
          /** Values of a choice, or of a rank, the greatest first; null where values are free. */
          values: z.array(z.string()).nullable(),
        }),
      ),
      /** Orders; `-` in front of one sorts descending. */
      sorts: z.array(z.string()),
      defaultSort: z.string(),
    }),
  ),
  next: text,
});

export const completionsQuery = z.strictObject({
  list: z.enum([...listNames, 'audit']),
  q: z.string().max(maxQueryLength).default(''),
  /** Place in `q` between characters, from 0; its end unless given. */
  cursor: z.coerce.number().int().min(0).max(maxQueryLength).optional(),
});

/**
 * Texts that may replace the part of the query from `start` to `end`, and what is wrong with it.
 */
export const completionsAnswer = z.object({
  start: count,
  end: count,
  items: z.array(z.object({ text: z.string(), description: z.string() })),
  /** Null for a query that can be read. */
  problem: z
    .object({
      /** First wrong character, from 1. */
      column: count,
      message: z.string(),
    })
    .nullable(),
});
