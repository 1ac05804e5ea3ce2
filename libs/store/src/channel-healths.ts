import { Injectable } from '@nestjs/common';

import { firstIdAt } from './page.js';
import { Store } from './store.js';

const dayMs = 86_400_000;

/** How a channel of a receiver took what it was given lately. */
export interface ChannelHealth {
  receiver: string;
  channel: string;
  integration: number;
  /**
   * `broken`: its newest message that ended was given up. `resting`: it failed so often that it is left alone for a while. `failing`: a
   * message is tried again. `working`: none of that.
   */
  state: 'working' | 'failing' | 'resting' | 'broken';
  /** When the first try failed after which none succeeded; null where there is none. */
  since: Date | null;
  sent: number;
  failed: number;
  waiting: number;
  /** Since when the oldest of those waits. */
  waitingSince: Date | null;
  lastSentAt: Date | null;
  lastFailure: { code: string | null; reason: string | null; at: string } | null;
  /** How long 95 of 100 messages of the last day took at most, from when they were to go out until the channel had them. */
  p95Seconds: number | null;
}

const waits = `state IN ('held', 'pending', 'sending', 'retrying')`;
const sameChannel = `(failure.receiver, failure.channel, failure.integration) = (channel.receiver, channel.channel, channel.integration)`;

@Injectable()
export class ChannelHealths {
  constructor(private readonly store: Store) {}

  /** How each channel took what it was given within the last week. */
  async list(): Promise<ChannelHealth[]> {
    return this.store.query<ChannelHealth>(
      `WITH channel AS (
         SELECT receiver, channel, integration,
           count(*) FILTER (WHERE state = 'sent')::int AS sent, count(*) FILTER (WHERE state = 'failed')::int AS failed,
           count(*) FILTER (WHERE ${waits})::int AS waiting, min(created_at) FILTER (WHERE ${waits}) AS waiting_since,
           bool_or(state = 'retrying') AS is_failing, bool_or(state = 'retrying' AND code = 'CHANNEL_RESTING') AS is_resting,
           max(finished_at) FILTER (WHERE state = 'sent') AS sent_at, max(finished_at) FILTER (WHERE state = 'failed') AS failed_at
         FROM delivery WHERE id > $1 GROUP BY receiver, channel, integration),
       -- By itself: it sorts what it counts.
       pace AS (
         SELECT receiver, channel, integration, percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - created_at)) AS p95
         FROM delivery WHERE state = 'sent' AND held_for IS NULL AND id > $2
         GROUP BY receiver, channel, integration),
       failure AS (
         SELECT receiver, channel, integration, step.id, step.code, step.reason, made_at
         FROM delivery_step AS step JOIN delivery ON delivery.id = delivery_id
         WHERE kind IN ('failed', 'given-up') AND delivery_id > $1)
       SELECT receiver, channel, integration, CASE WHEN failed_at > coalesce(sent_at, '-infinity') THEN 'broken'
           WHEN is_resting THEN 'resting' WHEN is_failing THEN 'failing' ELSE 'working' END AS state,
         sent, failed, waiting, waiting_since AS "waitingSince", sent_at AS "lastSentAt", round(p95::numeric, 3)::float AS "p95Seconds",
         (SELECT min(made_at) FROM failure WHERE ${sameChannel} AND made_at > coalesce(sent_at, '-infinity')) AS since,
         (SELECT jsonb_build_object('code', code, 'reason', reason, 'at', made_at) FROM failure WHERE ${sameChannel}
          ORDER BY id DESC LIMIT 1) AS "lastFailure"
       FROM channel LEFT JOIN pace USING (receiver, channel, integration) ORDER BY receiver, channel, integration`,
      [7, 1].map((days) => firstIdAt(new Date(Date.now() - days * dayMs))),
    );
  }
}
