import { z } from 'zod';

import { text, time } from '../http/fields.js';
import { listOf } from '../http/paging.js';

/** Content of a `routing.yaml`. */
const routing = z.string().min(1).max(1_048_576);

export const routingCheck = z.strictObject({ text: routing });

export const routingUpdate = routingCheck.extend({
  /** Version that the caller has seen; none for the first one. */
  version: z.int().min(1).optional(),
  comment: z.string().trim().min(1).max(2_000).optional(),
});

export const routingTest = routingCheck.extend({ labels: z.record(z.string(), z.string()) });

export const routingAnswer = z.object({
  /** Content as in `routing.yaml`; null without a managed routing. */
  text,
  /**
   * Whether `text` is without comments, and with `[redacted]` in place of what may be a secret: for
   * callers who may not change it, and of a text with secrets that an earlier release has saved.
   */
  isRedacted: z.boolean(),
  /** Names of the receivers that have a channel. */
  receivers: z.array(z.string()),
  /** For the next change. */
  version: z.int().nullable(),
  author: text,
  changedAt: time.nullable(),
  comment: text,
  /**
   * `overridden`: the notifier has a `routing.yaml` with a channel, and that is in effect, also
   * where no managed routing is stored.
   */
  state: z.enum(['active', 'overridden', 'none']),
  /**
   * Each `routing.yaml` in effect, as the notifiers read it: without comments, and with
   * `[redacted]` in place of secrets. Two while a change is rolled out.
   */
  files: z.array(z.object({ text: z.string(), readAt: time, instances: z.array(z.string()) })),
});

export const routingVersionsAnswer = listOf(
  z.object({
    version: z.int(),
    at: time,
    author: z.string(),
    comment: text,
    isDeleted: z.boolean(),
    text: z.string(),
  }),
);

export const routingCheckAnswer = z.object({
  isValid: z.boolean(),
  /** Wrong keys with their paths. */
  problems: z.array(z.string()),
  /** Keys without effect. */
  ignored: z.array(z.string()),
});

/** Receivers that an alert would go to. */
export const routingTestAnswer = listOf(z.object({ receiver: z.string(), route: z.string() }));
