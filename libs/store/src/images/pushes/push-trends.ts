import { Injectable } from '@nestjs/common';
import { type Severity, severities, type Verdict, verdicts } from '@tidewaiter/domain';

import { lastDays } from '../../core/days.js';
import { Store } from '../../core/store.js';

/** One day of UTC. */
export interface TrendDay {
  /** `2026-01-31` */
  day: string;
  /** Findings at its end of the images that tags pointed to. */
  open: Record<Severity, number>;
  /** Pushes of the day by their verdict. */
  verdicts: Record<Verdict, number>;
}

type OpenRow = { day: string; severity: Severity; open: number };
type VerdictRow = { day: string; verdict: Verdict; pushes: number };

/** A repository of a registry. */
export interface RepositoryName {
  connection: string;
  repository: string;
}

/** Days in figures, from the pushes that are kept. */
@Injectable()
export class PushTrends {
  constructor(private readonly store: Store) {}

  /** The last days up to now, oldest first; of one repository, or of all. */
  async of(days: number, now: Date, place: RepositoryName | null = null): Promise<TrendDay[]> {
    const all = lastDays(days, now);
    const [connection, repository] = [place?.connection ?? null, place?.repository ?? null];
    // A tag holds the findings of an image from one entry of its ledger to the next. The findings
    // are those of the last evaluation of the push.
    const open = await this.store.aggregate<OpenRow>(
      `WITH held AS (
         SELECT push_id, at, lead(at) OVER (PARTITION BY connection, repository, tag ORDER BY position) AS until
         FROM tag_ledger WHERE $3::text IS NULL OR (connection, repository) = ($3, $4::text)
       ), counted AS (
         SELECT push.counts, held.at, CASE WHEN held.until IS NOT NULL THEN greatest(held.until, held.at) END AS until
         FROM held JOIN push ON push.id = held.push_id WHERE push.counts IS NOT NULL
       ), changes AS (
         SELECT at, counts, 1 AS sign FROM counted
         UNION ALL SELECT until, counts, -1 FROM counted WHERE until IS NOT NULL
       ), daily AS (
         SELECT greatest((at AT TIME ZONE 'UTC')::date, $1::date) AS day, severity, sum(sign * number::int) AS change
         FROM changes, jsonb_each_text(counts) AS each(severity, number) WHERE at < $2 GROUP BY 1, 2
       )
       SELECT day::text, severity, (sum(change) OVER (PARTITION BY severity ORDER BY day))::int AS open FROM daily ORDER BY day`,
      [all[0], now, connection, repository],
    );
    const pushed = await this.store.aggregate<VerdictRow>(
      `SELECT (received_at AT TIME ZONE 'UTC')::date::text AS day, verdict, count(*)::int AS pushes FROM push
       WHERE received_at >= $1::date AND verdict IS NOT NULL
         AND ($2::text IS NULL OR (connection, repository) = ($2, $3::text)) GROUP BY 1, 2`,
      [all[0], connection, repository],
    );
    return filled(all, open, pushed);
  }
}

function filled(days: readonly string[], open: readonly OpenRow[], pushed: readonly VerdictRow[]): TrendDay[] {
  const opened = Map.groupBy(open, ({ day }) => day);
  const counted = Map.groupBy(pushed, ({ day }) => day);
  const current = zeros(severities);
  return days.map((day) => {
    for (const row of opened.get(day) ?? []) current[row.severity] = row.open;
    const of = zeros(verdicts);
    for (const row of counted.get(day) ?? []) of[row.verdict] = row.pushes;
    return { day, open: { ...current }, verdicts: of };
  });
}

function zeros<Key extends string>(keys: readonly Key[]): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>;
}
