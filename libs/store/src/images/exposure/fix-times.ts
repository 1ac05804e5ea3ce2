import { Injectable } from '@nestjs/common';
import { type Severity, severities } from '@tidewaiter/domain';

import { rankSql } from '../../core/lists.js';
import { Store } from '../../core/store.js';
import type { RepositoryName } from '../pushes/push-trends.js';

/** Times that fixes of one severity took. */
export interface FixTime {
  severity: Severity;
  /** Vulnerabilities that went in the time that was asked for. */
  fixed: number;
  /** Median time from the first image with one to its end, in days; null if none went. */
  fixedDays: number | null;
  /** Vulnerabilities that are still there. */
  open: number;
  /** Median age of these, in days. */
  openDays: number | null;
}

const median = (time: string, condition: string) =>
  `percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ${time}) / 86400) FILTER (WHERE ${condition})`;

/** Query of the times, of rows with `severity`, `since` and `gone`. */
const times = (from: string) => `SELECT severity,
    count(*) FILTER (WHERE gone > $1)::int AS fixed, ${median('gone - since', 'gone > $1')} AS "fixedDays",
    count(*) FILTER (WHERE gone IS NULL)::int AS open, ${median('$2::timestamptz - since', 'gone IS NULL')} AS "openDays"
  FROM ${from} WHERE gone IS NULL OR gone > greatest($1, since) GROUP BY severity ORDER BY ${rankSql('severity', severities)} DESC`;

/** Time until a vulnerability is gone: from the first image that has it to the last. */
@Injectable()
export class FixTimes {
  constructor(private readonly store: Store) {}

  /** Times of the whole fleet: a vulnerability goes with the last image that has it. */
  async ofFleet(since: Date, now: Date): Promise<FixTime[]> {
    return this.store.aggregate<FixTime>(
      times(
        `(SELECT severity, first_seen AS since, gone_at AS gone FROM fleet_vulnerability WHERE kind = 'vulnerability') AS found`,
      ),
      [since, now],
    );
  }

  /** Times of a repository: a vulnerability goes when no tag points to an image with it. */
  async ofRepository({ connection, repository }: RepositoryName, since: Date, now: Date): Promise<FixTime[]> {
    return this.store.aggregate<FixTime>(
      `WITH held AS (
         SELECT push_id, at, lead(at) OVER (PARTITION BY tag ORDER BY position) AS until
         FROM tag_ledger WHERE (connection, repository) = ($3, $4)),
       of_image AS (
         SELECT image_digest, min(at) AS since, ${last('until')} AS gone
         FROM held JOIN push_image USING (push_id) GROUP BY image_digest),
       of_package AS (
         SELECT package_id, min(since) AS since, ${last('gone')} AS gone
         FROM of_image JOIN image_package USING (image_digest) WHERE state = 'present' GROUP BY package_id),
       found AS (
         SELECT (array_agg(found.severity ORDER BY ${rankSql('found.severity', severities)} DESC))[1] AS severity,
           greatest(min(since), min(published)) AS since, ${last('gone')} AS gone
         FROM of_package JOIN package_vulnerability AS found USING (package_id) JOIN advisory ON advisory.id = advisory_id
         WHERE kind = 'vulnerability' GROUP BY found.vulnerability_id)
       ${times('found')}`,
      [since, now, connection, repository],
    );
  }
}

/** Latest of some times; null if one is open. */
function last(time: string): string {
  return `CASE WHEN bool_and(${time} IS NOT NULL) THEN max(${time}) END`;
}
