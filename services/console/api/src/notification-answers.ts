import { z } from 'zod';

// What the API answers about messages to people: deliveries, channels, silences, and what routes would have made of them.

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
  /** Recipients that have it already, of a message to several. */
  reached: z.array(z.string()),
  reference: text,
  code: text,
  reason: text,
  createdAt: time,
  nextAt: time.nullable(),
  finishedAt: time.nullable(),
  /** The delivery that it was made of: which somebody else is told of instead, or which is repeated. */
  origin: z.object({ kind: z.enum(['fallback', 'repetition']), id: z.uuid() }).nullable(),
});

const alert = z.object({
  /** The same while it fires and when it is over. */
  identity: z.string(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  status: z.enum(['firing', 'resolved']),
  startsAt: z.string(),
  endsAt: text,
});

/** `message`: what the channel was given, in the notifier's own form; `edition`: which state of which incident it tells, or of which message that is corrected. */
export const deliveryDetailAnswer = deliveryAnswer.extend({
  alerts: z.array(alert),
  message: z.unknown(),
  edition: z.object({ subject: z.string(), revision: count }).nullable(),
  /** What the channel calls the message that this one repeats. */
  replyTo: text,
  /** The push that the message announces or corrects; null of every other message. */
  pushId: z.uuid().nullish(),
  /** The ledger, oldest entry first: how it was made, what became of its tries, and who did what about it. */
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
  /** Deliveries that were made of it. */
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
  /** Of the delivery that goes out, or that was left alone. */
  id: z.uuid(),
  outcome: z.enum(['redriven', 'repeated', 'accepted', 'under-way', 'held', 'ended']),
});

export const redriveManyAnswer = z.object({
  redriven: count,
  /** Whether there are more than one request takes. */
  isMore: z.boolean(),
});

export const silenceAnswer = z.object({
  id: z.uuid(),
  /** In Alertmanager's syntax. */
  matchers: z.array(z.string()),
  startsAt: time,
  endsAt: time,
  createdBy: z.string(),
  comment: z.string(),
  createdAt: time,
});

export const silencePreviewAnswer = z.object({
  /** All alerts that fire now. */
  firing: count,
  /** Those that would be kept back; the first hundred are shown. */
  hidden: count,
  alerts: z.array(z.object({ labels: z.record(z.string(), z.string()) })),
});

const messageCounts = {
  messages: count,
  /** Of the messages, those that say again what was told before. */
  reminders: count,
  /** They only change what a channel shows already, and are no messages. */
  edits: count,
  /** Alerts in the messages, each as often as it is told. */
  alerts: count,
};

/** What a routing.yaml would have made of what happened. Nothing is sent by asking. */
export const replayAnswer = z.object({
  since: time,
  until: time,
  history: z.object({
    /** Since when it is known what there was to tell. */
    knownSince: time.nullable(),
    /** Whether that is all of the time that was asked for. */
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
    /** What did not go out at once: told later or together with others, over before anybody was told, or waiting at the end. */
    heldBack: z.array(
      z.object({
        why: z.enum(['group', 'digest', 'storm', 'silenced', 'inhibited', 'muted']),
        told: count,
        over: count,
        waits: count,
      }),
    ),
    /** The groups of which most would have been sent. */
    busiest: z.array(z.object({ receiver: z.string(), groupKey: z.string(), ...messageCounts })),
  }),
  /** What was really sent in that time, by whatever the routes were. */
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

/** A channel of a receiver that was given messages, over the last week. */
export const receiverAnswer = z.object({
  receiver: z.string(),
  channel: z.string(),
  integration: count,
  /**
   * `broken`: its newest message that ended was given up. `resting`: it failed so often that it is left alone for a while. `failing`: a
   * message is tried again. `working`: none of that.
   */
  state: z.enum(['working', 'failing', 'resting', 'broken']),
  /** When the first try failed after which none succeeded. */
  since: time.nullable(),
  sent: count,
  failed: count,
  waiting: count,
  waitingSince: time.nullable(),
  lastSentAt: time.nullable(),
  lastFailure: z.object({ code: text, reason: text, at: z.string() }).nullable(),
  /** How long 95 of 100 messages of the last day took at most, from when they were to go out until the channel had them. */
  p95Seconds: z.number().nullable(),
});

export const previewAnswer = z.object({
  /** The subject of the mail. */
  title: z.string(),
  mediaType: z.string(),
  content: z.string(),
});
