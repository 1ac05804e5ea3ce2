import { removalKinds, removalStates, storageKinds } from '@tidewaiter/store';
import { z } from 'zod';

import { count, text, time } from '../http/fields.js';
import { listOf } from '../http/paging.js';

const kinds = Object.keys(storageKinds) as (keyof typeof storageKinds)[];

export const storageAnswer = z.object({
  /** Sum over all tables. */
  bytes: z.number(),
  /** Largest first. */
  tables: z.array(
    z.object({
      table: z.string(),
      kind: z.enum(kinds),
      /** With indexes and long values. */
      bytes: z.number(),
      indexBytes: z.number(),
      /** Estimate of PostgreSQL. */
      rows: z.number().nullable(),
      oldest: time.nullable(),
      rule: z.object({
        /** 0 is for ever; null where no time decides. */
        days: count.nullable(),
        /** Variable with these days. */
        variable: text,
        text: z.string(),
      }),
      /** Rows that the next run deletes, at most 10,000; null where they were not counted. */
      due: z.number().nullable(),
    }),
  ),
});

const name = z.string().min(1).max(500);

export const removalTarget = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('repository'), connection: name, name }),
  z.strictObject({ kind: z.literal('cluster'), name }),
]);

const counts = z.record(z.string(), z.number());

export const removalPreviewAnswer = z.object({
  deleted: counts,
  /** Records that stay, by their reason. */
  kept: counts,
});

export const removalAnswer = z.object({
  id: z.string(),
  kind: z.enum(removalKinds),
  connection: text,
  name: z.string(),
  /** Data that arrived later stays. */
  requestedAt: time,
  /** `waiting` before the start, and while something is in use. */
  state: z.enum(removalStates),
  deleted: counts,
  kept: counts,
  finishedAt: time.nullable(),
});

export const removalsAnswer = listOf(removalAnswer);
