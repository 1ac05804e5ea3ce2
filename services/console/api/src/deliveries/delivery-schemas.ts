import { z } from 'zod';

// Answer schemas of notifications: deliveries, channels, silences, and replays of routes.

const text = z.string().nullable();
const time = z.date();
const count = z.int().nonnegative();

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
  state: z.enum(['held', 'pending', 'sending', 'retrying', 'sent', 'superseded', 'merged', 'suppressed', 'failed']),
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
  origin: z.object({ kind: z.enum(['fallback', 'repetition']), id: z.uuid() }).nullable(),
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
      kind: z.enum(['fallback', 'repetition']),
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
});

const messageCounts = {
  messages: count,
  /** Messages that repeat an earlier one; included in `messages`. */
  reminders: count,
  /** Updates of what a channel already shows; not included in `messages`. */
  edits: count,
  /** Alerts in all messages, counted once per message. */
  alerts: count,
};

/** Result of replaying past events against a routing.yaml. A replay sends nothing. */
export const replayAnswer = z.object({
  since: time,
  until: time,
  history: z.object({
    /** Time since which the history is recorded. */
    knownSince: time.nullable(),
    /** Whether the history covers all of the requested time. */
    isWhole: z.boolean(),
    events: count,
    alerts: count,
  }),
  would: z.object({
    ...messageCounts,
    receivers: z.array(
      z.object({
        receiver: z.string(),
        ...messageCounts,
        routes: z.array(z.object({ route: z.string(), ...messageCounts })),
        channels: z.record(z.string(), count),
      }),
    ),
    /**
     * Messages that were not sent at once: sent later or merged, ended before they were sent, or
     * still held at the end.
     */
    heldBack: z.array(
      z.object({
        why: z.enum(['group', 'digest', 'storm', 'silenced', 'inhibited', 'muted']),
        told: count,
        over: count,
        waits: count,
      }),
    ),
    /** Groups with the most messages. */
    busiest: z.array(z.object({ receiver: z.string(), groupKey: z.string(), ...messageCounts })),
  }),
  /** Messages that were really sent in that time, under the routes of then. */
  sent: z.array(
    z.object({
      receiver: z.string(),
      route: z.string(),
      channel: z.string(),
      messages: count,
      edits: count,
      reminders: count,
      failed: count,
      heldBack: count,
    }),
  ),
});

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
  waitingSince: time.nullable(),
  lastSentAt: time.nullable(),
  lastFailure: z.object({ code: text, reason: text, at: z.string() }).nullable(),
  /** 95th percentile of the delivery time in the last day, from due to accepted by the channel. */
  p95Seconds: z.number().nullable(),
});

export const previewAnswer = z.object({
  /** Subject of the mail. */
  title: z.string(),
  mediaType: z.string(),
  content: z.string(),
});
