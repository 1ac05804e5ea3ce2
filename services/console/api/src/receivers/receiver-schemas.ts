import { z } from 'zod';

import { count, text, time } from '../http/fields.js';

/** Health of a channel that got messages in the last week. */
export const receiverAnswer = z.object({
  receiver: z.string(),
  channel: z.string(),
  integration: count,
  /**
   * `broken`: its newest ended message failed. `paused`: its circuit breaker is open after
   * repeated failures. `failing`: a message is being retried. `healthy`: none of these.
   */
  state: z.enum(['healthy', 'failing', 'paused', 'broken']),
  /** Time of the first failed attempt without a success since. */
  since: time.nullable(),
  sent: count,
  failed: count,
  waiting: count,
  /** Messages that wait on purpose: for their group, a silence or a summary. */
  held: count,
  waitingSince: time.nullable(),
  lastSentAt: time.nullable(),
  lastFailure: z.object({ code: text, reason: text, at: z.string() }).nullable(),
  /** 95th percentile of the delivery time in the last day, from due to accepted by the channel. */
  p95Seconds: z.number().nullable(),
});

/** Name of a receiver in a path. */
export const receiverParameter = z.string().min(1).max(200);

/** Messages of a test, whose deliveries show what became of them. */
export const receiverTestAnswer = z.object({ deliveries: z.array(z.string()) });
