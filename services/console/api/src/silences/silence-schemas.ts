import { silenceFields } from '@tidewaiter/query';
import { silenceChanges, silenceList } from '@tidewaiter/store';
import { z } from 'zod';

import { count, text, time } from '../http/fields.js';
import { exportQuery, listQuery } from '../http/lists.js';
import { listOf } from '../http/paging.js';

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

/** Reason for a change, for the history. */
const reason = z.string().trim().min(1).max(2_000).optional();
/** Version that the caller has seen. */
const version = z.int().min(1);

/** The whole silence as it shall be. */
export const silenceUpdate = silenceBody.extend({ version, reason });

export const silenceEnding = z.strictObject({ reason });

export const silenceUndo = z.strictObject({
  version,
  /** Version to go back to; by default the one before. */
  to: version.optional(),
  reason,
});

const content = z.object({
  /** Matchers in Alertmanager's syntax. */
  matchers: z.array(z.string()),
  startsAt: time,
  endsAt: time,
  comment: z.string(),
});

export const silenceAnswer = z.object({
  id: z.uuid(),
  ...content.shape,
  createdBy: z.string(),
  createdAt: time,
  /** For its next change. */
  version: z.int(),
});

export const silenceVersionsAnswer = listOf(
  z.object({
    version: z.int(),
    change: z.enum(silenceChanges),
    ...content.shape,
    author: z.string(),
    at: time,
    /** Reason for the change. */
    reason: text,
  }),
);

export const silencePreviewAnswer = z.object({
  /** Number of alerts that fire now. */
  firing: count,
  /** Number of alerts that would be suppressed; the first hundred are listed. */
  hidden: count,
  alerts: z.array(z.object({ labels: z.record(z.string(), z.string()) })),
  /** Alerts of the last seven days, each once, and those of them that it would have suppressed. */
  lastWeek: z.object({ fired: count, hidden: count }),
});
