import { deliveryFields } from '@tidewaiter/query';
import { deliveryFilterStates, deliveryList, deliveryOrigins, deliveryStates } from '@tidewaiter/store';
import { z } from 'zod';

import { count, text, time } from '../http/fields.js';
import { exportQuery, listQuery } from '../http/lists.js';

const deliveryFilter = {
  receiver: z.string().min(1).max(1_000).optional(),
  /** `fallen-back`: failed, and sent to the fallback receiver instead. */
  state: z.enum(deliveryFilterStates).optional(),
  since: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .optional(),
  /** Id of the incident that they are about. */
  incident: z.uuid().optional(),
  /** Id of the push that they are about. */
  push: z.uuid().optional(),
};

export const deliveriesQuery = listQuery(deliveryList, deliveryFields, '-number').extend(deliveryFilter);

export const deliveryExportQuery = exportQuery(deliveryList, deliveryFields, '-number');

export const redriveOneBody = z
  .strictObject({
    /** Whether to send an accepted message again, as a delivery marked as a repetition. */
    again: z.boolean().default(false),
  })
  .prefault({});

export const redriveManyBody = z
  .strictObject({ ...deliveryFilter, state: z.enum(['failed', 'retrying', 'fallen-back']).optional() })
  .refine((filter) => Object.values(filter).some((value) => value !== undefined), 'say which: everything is too much');

export const deliveryAnswer = z.object({
  id: z.uuid(),
  eventId: z.uuid(),
  receiver: z.string(),
  channel: z.string(),
  integration: count,
  route: z.string(),
  groupKey: z.string(),
  groupLabels: z.record(z.string(), z.string()),
  alertCount: count,
  state: z.enum(deliveryStates),
  attempt: count,
  /** Recipients that already have it, for a message to several. */
  reached: z.array(z.string()),
  reference: text,
  code: text,
  reason: text,
  createdAt: time,
  nextAt: time.nullable(),
  finishedAt: time.nullable(),
  /** Delivery from which it was derived: as a fallback to another receiver, or as a repetition. */
  origin: z.object({ kind: z.enum(deliveryOrigins), id: z.uuid() }).nullable(),
});

const alert = z.object({
  /** Stays the same from firing to resolved. */
  identity: z.string(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  status: z.enum(['firing', 'resolved']),
  startsAt: z.string(),
  endsAt: text,
});

/**
 * `message`: the message in the notifier's own form; `edition`: the reported state of an incident,
 * or of a message that is corrected.
 */
export const deliveryDetailAnswer = deliveryAnswer.extend({
  alerts: z.array(alert),
  message: z.unknown(),
  edition: z.object({ subject: z.string(), revision: count }).nullable(),
  /** Reference in the channel of the message that this one repeats. */
  replyTo: text,
  /** Push that the message announces or corrects; null for every other message. */
  pushId: z.uuid().nullish(),
  /** Steps of the delivery, oldest first: its creation, its attempts, and actions of users. */
  steps: z.array(
    z.object({
      at: time,
      kind: z.enum([
        'made',
        'failed',
        'given-up',
        'redriven',
        'repeated',
        'sent',
        'superseded',
        'merged',
        'suppressed',
      ]),
      attempt: count,
      code: text,
      reason: text,
      nextAt: time.nullable(),
      by: text,
    }),
  ),
  /** Deliveries that were derived from it. */
  derived: z.array(
    z.object({
      id: z.uuid(),
      kind: z.enum(deliveryOrigins),
      receiver: z.string(),
      channel: z.string(),
      state: deliveryAnswer.shape.state,
    }),
  ),
});

export const redriveOneAnswer = z.object({
  /** Id of the delivery that is sent, or that was left unchanged. */
  id: z.uuid(),
  outcome: z.enum(['redriven', 'repeated', 'accepted', 'under-way', 'held', 'ended']),
});

export const redriveManyAnswer = z.object({
  redriven: count,
  /** Whether there are more than one request redrives. */
  isMore: z.boolean(),
});
