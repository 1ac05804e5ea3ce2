import { deadLetterFields } from '@tidewaiter/query';
import { deadLetterList, deadLetterStages } from '@tidewaiter/store';
import { z } from 'zod';

import { count, text, time } from '../http/fields.js';
import { exportQuery, listQuery } from '../http/lists.js';

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

export const redriveAnswer = z.object({ id: z.uuid() });
