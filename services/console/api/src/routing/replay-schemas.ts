import { z } from 'zod';

import { count, time } from '../http/fields.js';

export const replayBody = z
  .strictObject({
    /** Content of a `routing.yaml`. Files that it names are not read. */
    routing: z.string().min(1).max(1_048_576),
    since: z.iso.datetime({ offset: true }),
    /** Defaults to now. */
    until: z.iso.datetime({ offset: true }).optional(),
    /** Limits the result to one receiver. */
    receiver: z.string().min(1).max(1_024).optional(),
  })
  .transform(({ since, until, ...rest }) => ({
    ...rest,
    since: new Date(since),
    until: until === undefined ? new Date() : new Date(until),
  }));

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
        why: z.enum(['group', 'summary', 'storm', 'silenced', 'inhibited', 'muted']),
        sent: count,
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
