import { silenceFields } from '@tidewaiter/query';
import { silenceList } from '@tidewaiter/store';
import { z } from 'zod';

import { count, time } from '../http/fields.js';
import { exportQuery, listQuery } from '../http/lists.js';

const matcherTexts = z.array(z.string().min(1).max(4_096)).min(1).max(64);

export const silencesQuery = listQuery(silenceList, silenceFields, '-created').extend({
  /** Includes those that have ended. */
  all: z
    .enum(['true', 'false'])
    .default('false')
    .transform((value) => value === 'true'),
});

export const silenceExportQuery = exportQuery(silenceList, silenceFields, '-created');

export const silencePreviewBody = z.strictObject({
  /** Matchers in Alertmanager's syntax, such as `severity="low"`; all must match. */
  matchers: matcherTexts,
});

export const silenceBody = silencePreviewBody.extend({
  /** Defaults to now. */
  startsAt: z.iso.datetime({ offset: true }).optional(),
  endsAt: z.iso.datetime({ offset: true }),
  comment: z.string().min(1).max(2_000),
});

export const silenceAnswer = z.object({
  id: z.uuid(),
  /** Matchers in Alertmanager's syntax. */
  matchers: z.array(z.string()),
  startsAt: time,
  endsAt: time,
  createdBy: z.string(),
  comment: z.string(),
  createdAt: time,
});

export const silencePreviewAnswer = z.object({
  /** Number of alerts that fire now. */
  firing: count,
  /** Number of alerts that would be suppressed; the first hundred are listed. */
  hidden: count,
  alerts: z.array(z.object({ labels: z.record(z.string(), z.string()) })),
  /** Alerts of the last seven days, each once, and those of them that it would have suppressed. */
  lastWeek: z.object({ fired: count, hidden: count }),
});
