import { deadLetterFields } from '@tidewaiter/query';
import { deadLetterList, deadLetterStages } from '@tidewaiter/store';
import { z } from 'zod';

import { count, text, time } from '../http/fields.js';
import { exportQuery, listQuery, queryText } from '../http/lists.js';

export const deadLettersQuery = listQuery(deadLetterList, deadLetterFields, '-created').extend({
  /** Includes those that were redriven. */
  all: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true'),
});

export const deadLetterExportQuery = exportQuery(deadLetterList, deadLetterFields, '-created');

export const deadLetterAnswer = z.object({
  id: z.uuid(),
  stage: z.enum(deadLetterStages),
  /** Consumer or queue whose retries ended. */
  worker: z.string(),
  eventId: text,
  jobId: text,
  subject: z.string(),
  /** Receiver and channel of a failed delivery: `team by slack`; null of others. */
  channel: text,
  code: z.string(),
  reason: z.string(),
  attempts: count,
  createdAt: time,
  redrivenAt: time.nullable(),
});

/** Dead letters that one request redrives, at most; the answer says whether there are more. */
export const maxRedriven = 1_000;

export const redriveManyBody = z
  .strictObject({
    /** Query of the list, which counts what it matches: `worker=delivery created<1d`. */
    q: queryText(deadLetterFields).optional(),
    ids: z.array(z.uuid()).min(1).max(maxRedriven).optional(),
  })
  .refine(({ q, ids }) => (q === undefined) !== (ids === undefined), 'give either q or ids');

export const redriveManyAnswer = z.object({
  redriven: count,
  /** Dead letters whose event or job is gone, or that were redriven meanwhile. */
  kept: count,
  /** Whether there are more than one request redrives. */
  isMore: z.boolean(),
});

export const redriveAnswer = z.object({ id: z.uuid() });
