import { setImmediate as otherWork } from 'node:timers/promises';

import { Injectable } from '@nestjs/common';
import { InvalidInput } from '@tidewaiter/domain';
import {
  parseMatchers,
  replayReport,
  type ReplayReport,
  type RoutingConfig,
  Silences,
  Simulation,
} from '@tidewaiter/routing';

import { columnsOf } from '../core/columns.js';
import { Store } from '../core/store.js';
import { AlertHistory } from './alert-history.js';
import { historyDays } from './alert-rows.js';
import { type SilenceRow, SilenceVersionRow } from './alert-rows.js';

/** Period to replay, and the receiver to report. */
export interface ReplayedTime {
  since: Date;
  until: Date;
  /** One receiver alone; null for all. */
  receiver: string | null;
}

/** Counts of the messages that a receiver was really sent by a route. */
export interface SentMessages {
  receiver: string;
  route: string;
  channel: string;
  /** New messages that were sent or are in progress; `edits` changed an existing one. */
  messages: number;
  edits: number;
  reminders: number;
  failed: number;
  /** Held, merged, superseded and suppressed deliveries. */
  heldBack: number;
}

export interface RoutingReplay {
  since: Date;
  until: Date;
  history: {
    /** Start of the history; null while it is empty. */
    knownSince: Date | null;
    /** Whether the history covers the whole requested period. */
    isWhole: boolean;
    events: number;
    alerts: number;
  };
  would: ReplayReport;
  sent: SentMessages[];
}

/** Limit on the alerts in one replay. */
const maxAlerts = 500_000;
const hourMs = 3_600_000;

/** Versions of silences; each takes effect when it is made at the earliest, until the next one. */
const silenceColumns = columnsOf(SilenceVersionRow, { only: ['matchers', 'comment'] }).computed<
  Pick<SilenceRow, 'id' | 'startsAt' | 'endsAt' | 'createdBy'>
>({
  id: 'silence_id',
  startsAt: 'greatest(starts_at, at)',
  endsAt: 'least(ends_at, replaced_at)',
  createdBy: 'author',
});
const silenceVersions = `(
  SELECT *, lead(at) OVER (PARTITION BY silence_id ORDER BY version) AS replaced_at FROM silence_version
) AS version`;

/** Replays the alert history through a routing.yaml. Sends and stores nothing. */
@Injectable()
export class RoutingReplays {
  constructor(
    private readonly store: Store,
    private readonly history: AlertHistory,
  ) {}

  /** @throws InvalidInput `REPLAY_TIME_INVALID`, `REPLAY_TOO_LARGE` */
  async of(config: RoutingConfig, time: ReplayedTime): Promise<RoutingReplay> {
    const { since, until, receiver } = time;
    const lengthMs = until.getTime() - since.getTime();
    if (lengthMs <= 0 || lengthMs > historyDays * 24 * hourMs) {
      throw new InvalidInput('REPLAY_TIME_INVALID', `ask for a time that is over, of ${historyDays} days at most`);
    }
    const knownSince = await this.history.start();
    const { simulation, events, alerts } = await this.#simulate(config, time);
    return {
      since,
      until,
      history: { knownSince, isWhole: knownSince !== null && knownSince <= since, events, alerts },
      would: replayReport(simulation, receiver),
      sent: (await this.#sent(since, until)).filter((each) => receiver === null || each.receiver === receiver),
    };
  }

  async #simulate(config: RoutingConfig, { since, until }: ReplayedTime) {
    const simulation = new Simulation({
      config,
      silences: await this.#silences(since, until),
      firing: await this.history.firingAt(since),
    });
    let [events, alerts, hour] = [0, 0, since.getTime()];
    // Simulates timers also in hours without events, and yields to the event loop after each hour.
    const live = async (untilMs: number) => {
      for (; hour + hourMs < untilMs; hour += hourMs) {
        simulation.until(hour + hourMs);
        await otherWork();
      }
    };
    for await (const event of this.history.between(since, until)) {
      await live(event.atMs);
      simulation.add(event);
      events += 1;
      alerts += event.alerts.length;
      if (alerts > maxAlerts) {
        throw new InvalidInput('REPLAY_TOO_LARGE', `there were more than ${maxAlerts} alerts: ask for a shorter time`);
      }
    }
    await live(until.getTime());
    simulation.end(until.getTime());
    return { simulation, events, alerts };
  }

  /** Silences of the period, as they were at each time. */
  async #silences(since: Date, until: Date): Promise<Silences> {
    const rows = await this.store.rows(
      silenceColumns,
      `FROM ${silenceVersions} WHERE ends_at > $1 AND starts_at < $2 AND at < $2 AND coalesce(replaced_at > $1, true)`,
      [since, until],
    );
    return new Silences(
      rows.map(({ startsAt, endsAt, matchers, ...silence }) => ({
        ...silence,
        matchers: matchers.flatMap((text) => parseMatchers(text)),
        startsAtMs: startsAt.getTime(),
        endsAtMs: endsAt.getTime(),
      })),
    );
  }

  async #sent(since: Date, until: Date): Promise<SentMessages[]> {
    return this.store.aggregate<SentMessages>(
      `WITH given AS (
         SELECT receiver, route, channel, state, coalesce((message ->> 'isReminder')::boolean, false) AS "isReminder",
           -- What has the name of an earlier one changed that one.
           subject IS NOT NULL AND reference IS NOT NULL
             AND row_number() OVER (PARTITION BY receiver, channel, integration, reference ORDER BY number) > 1 AS "isAgain"
         FROM delivery WHERE created_at >= $1 AND created_at < $2
       ), gone AS (SELECT *, state IN ('sent', 'pending', 'sending', 'retrying') AS "isGone", "isAgain" AND NOT "isReminder" AS "isEdit" FROM given)
       SELECT receiver, route, channel,
         count(*) FILTER (WHERE "isGone" AND NOT "isEdit")::int AS messages,
         count(*) FILTER (WHERE "isGone" AND "isEdit")::int AS edits,
         count(*) FILTER (WHERE "isGone" AND "isReminder")::int AS reminders,
         count(*) FILTER (WHERE state = 'failed')::int AS failed,
         count(*) FILTER (WHERE NOT "isGone" AND state <> 'failed')::int AS "heldBack"
       FROM gone GROUP BY receiver, route, channel ORDER BY receiver, route, channel`,
      [since, until],
    );
  }
}
