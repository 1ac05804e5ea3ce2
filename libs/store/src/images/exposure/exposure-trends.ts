import { Injectable } from '@nestjs/common';

import { lastDays } from '../../core/days.js';
import { Store } from '../../core/store.js';
import { isRecent, recentHours } from '../../workloads/workload-ledger.js';

/** Exposure to a vulnerability at the end of a day of UTC. */
export interface ExposureDay {
  /** `2026-01-31` */
  day: string;
  /** Images under a tag for which all affected packages have a fix, as is known today. */
  fixable: number;
  /** Images under a tag of which an affected package has none. */
  unfixable: number;
  /** Workloads that ran one in the day before; null while no sensor reports containers. */
  workloads: number | null;
}

type Kind = 'fixable' | 'unfixable' | 'workloads';

/** Earliest time at which the vulnerability was known. */
const knownSince = `coalesce((SELECT min(published) FROM advisory WHERE vulnerability_id = $1), '-infinity')`;

/** Time from `at` until `until`, which may be open, since the vulnerability is known. */
const span = `tstzrange(greatest(at, known.since), CASE WHEN until IS NOT NULL THEN greatest(at, known.since, until) END)`;

/** Exposure to one vulnerability day by day, from the ledgers of tags and containers. */
@Injectable()
export class ExposureTrends {
  constructor(private readonly store: Store) {}

  /**
   * The last days up to now, oldest first. Which packages are affected, and which have a fix, is
   * what the matches of today have.
   */
  async of(id: string, days: number, now: Date): Promise<ExposureDay[]> {
    const all = lastDays(days, now);
    const changes = await this.store.aggregate<{ day: string; kind: Kind; number: number }>(
      `WITH known AS (SELECT ${knownSince} AS since),
       affected AS MATERIALIZED (
         SELECT image_digest, bool_and(fix_state = 'fixed') AS is_fixable
         FROM package_vulnerability JOIN image_package USING (package_id)
         WHERE vulnerability_id = $1 AND state = 'present' GROUP BY image_digest),
       held AS (
         SELECT affected.image_digest, is_fixable, entry.at, later.at AS until
         FROM affected JOIN push_image USING (image_digest) JOIN tag_ledger AS entry USING (push_id)
         LEFT JOIN LATERAL (
           SELECT at FROM tag_ledger AS next
           WHERE (next.connection, next.repository, next.tag) = (entry.connection, entry.repository, entry.tag)
             AND next.position > entry.position ORDER BY next.position LIMIT 1) AS later ON true),
       ran AS (
         SELECT cluster, namespace, workload_kind, workload, coalesce(started_at, first_seen) AS at,
           CASE WHEN NOT (${isRecent}) THEN coalesce(ended_at, last_seen) + interval '${recentHours} hours' END AS until
         FROM container_ledger AS ledger
         WHERE workload IS NOT NULL AND image_digest IN (
           SELECT image_digest FROM affected
           UNION SELECT push.digest FROM affected JOIN push_image USING (image_digest) JOIN push ON push.id = push_id)),
       -- An image counts once however many tags have it, and a workload however many containers.
       spans AS (
         SELECT CASE WHEN is_fixable THEN 'fixable' ELSE 'unfixable' END AS kind, unnest(range_agg(${span})) AS span
         FROM held, known GROUP BY image_digest, is_fixable
         UNION ALL SELECT 'workloads', unnest(range_agg(${span}))
         FROM ran, known GROUP BY cluster, namespace, workload_kind, workload),
       changes AS (
         SELECT kind, lower(span) AS at, 1 AS sign FROM spans
         UNION ALL SELECT kind, upper(span), -1 FROM spans WHERE NOT upper_inf(span)),
       daily AS (
         SELECT kind, CASE WHEN at < $2::date THEN $2::date ELSE (at AT TIME ZONE 'UTC')::date END AS day, sum(sign) AS change
         FROM changes WHERE at < $3 GROUP BY 1, 2)
       SELECT day::text, kind, (sum(change) OVER (PARTITION BY kind ORDER BY day))::int AS number FROM daily ORDER BY day`,
      [id, all[0], now],
    );
    const [reported] = await this.store.aggregate<{ isReported: boolean }>(
      'SELECT EXISTS (SELECT FROM container_ledger) AS "isReported"',
    );
    return filled(all, changes, reported?.isReported ?? false);
  }
}

function filled(
  days: readonly string[],
  changes: readonly { day: string; kind: Kind; number: number }[],
  isReported: boolean,
): ExposureDay[] {
  const changed = Map.groupBy(changes, ({ day }) => day);
  const current: Record<Kind, number> = { fixable: 0, unfixable: 0, workloads: 0 };
  return days.map((day) => {
    for (const { kind, number } of changed.get(day) ?? []) current[kind] = number;
    return { day, ...current, workloads: isReported ? current.workloads : null };
  });
}
