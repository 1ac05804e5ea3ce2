import { Injectable } from '@nestjs/common';

import { isoTimeSql } from '../core/iso-time.js';
import { Store } from '../core/store.js';

const dayMs = 86_400_000;

/** Health of a channel of a receiver, from its deliveries of the last week. */
export interface ChannelHealth {
  receiver: string;
  channel: string;
  integration: number;
  /**
   * `broken`: the last delivery that ended failed. `paused`: the circuit breaker is open after
   * repeated failures. `failing`: a delivery is being retried. `healthy`: none of these.
   */
  state: 'healthy' | 'failing' | 'paused' | 'broken';
  /** Time of the first failure since the last success; null without one. */
  since: Date | null;
  sent: number;
  failed: number;
  waiting: number;
  /** Messages that wait on purpose: for their group, a silence or a summary. */
  held: number;
  /** Creation time of the oldest waiting delivery. */
  waitingSince: Date | null;
  lastSentAt: Date | null;
  lastFailure: { code: string | null; reason: string | null; at: string } | null;
  /**
   * 95th percentile, over the last day, of the time from creation until the channel accepted the
   * message.
   */
  p95Seconds: number | null;
}

const waits = `state IN ('pending', 'sending', 'retrying')`;
const sameChannel = `(failure.receiver, failure.channel, failure.integration) = (channel.receiver, channel.channel, channel.integration)`;

@Injectable()
export class ChannelHealths {
  constructor(private readonly store: Store) {}

  /** Health of each channel that had deliveries within the last week. */
  async list(): Promise<ChannelHealth[]> {
    return this.store.aggregate<ChannelHealth>(
      `WITH channel AS (
         SELECT receiver, channel, integration,
           count(*) FILTER (WHERE state = 'sent')::int AS sent, count(*) FILTER (WHERE state = 'failed')::int AS failed,
           count(*) FILTER (WHERE ${waits})::int AS waiting, count(*) FILTER (WHERE state = 'held')::int AS held,
           min(created_at) FILTER (WHERE ${waits}) AS waiting_since,
           bool_or(state = 'retrying') AS is_failing, bool_or(state = 'retrying' AND code = 'CHANNEL_CIRCUIT_OPEN') AS is_paused,
           max(finished_at) FILTER (WHERE state = 'sent') AS sent_at, max(finished_at) FILTER (WHERE state = 'failed') AS failed_at
         FROM delivery WHERE created_at > $1 GROUP BY receiver, channel, integration),
       -- By itself: it sorts what it counts.
       pace AS (
         SELECT receiver, channel, integration, percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - created_at)) AS p95
         FROM delivery WHERE state = 'sent' AND held_for IS NULL AND created_at > $2
         GROUP BY receiver, channel, integration),
       failure AS (
         SELECT receiver, channel, integration, step.id, step.code, step.reason, made_at
         FROM delivery_step AS step JOIN delivery ON delivery.id = delivery_id
         WHERE kind IN ('failed', 'given-up') AND created_at > $1)
       SELECT receiver, channel, integration, CASE WHEN failed_at > coalesce(sent_at, '-infinity') THEN 'broken'
           WHEN is_paused THEN 'paused' WHEN is_failing THEN 'failing' ELSE 'healthy' END AS state,
         sent, failed, waiting, held, waiting_since AS "waitingSince", sent_at AS "lastSentAt", round(p95::numeric, 3)::float AS "p95Seconds",
         (SELECT min(made_at) FROM failure WHERE ${sameChannel} AND made_at > coalesce(sent_at, '-infinity')) AS since,
         (SELECT jsonb_build_object('code', code, 'reason', reason, 'at', ${isoTimeSql('made_at')}) FROM failure WHERE ${sameChannel}
          ORDER BY id DESC LIMIT 1) AS "lastFailure"
       FROM channel LEFT JOIN pace USING (receiver, channel, integration) ORDER BY receiver, channel, integration`,
      [7, 1].map((days) => new Date(Date.now() - days * dayMs)),
    );
  }
}
