import { Injectable } from '@nestjs/common';
import { type Digest, severities } from '@tidewaiter/domain';
import { type ExposureSpan, type FixLimits, type FixTimeGroup, groupFixTimes } from '@tidewaiter/reports';
import type { OwnerSettings } from '@tidewaiter/runtime';

import { likePattern, rankSql } from '../core/lists.js';
import { Store } from '../core/store.js';
import { OwnerLabels } from '../images/owner-labels.js';
import { Owners } from '../images/owners.js';
import { isRecent } from '../workloads/workload-ledger.js';

/** Repositories whose histories one statement joins, so that it needs little memory and time. */
const batchSize = 20;

const dayMs = 86_400_000;

export interface FixHistoryQuestion {
  by: 'owner' | 'repository';
  /** Fixes of so many days before today are counted, and those of today. */
  days: number;
  limits: FixLimits;
  /** Repositories, as a pattern with `*`; all without one. */
  repository?: string | undefined;
}

interface Place {
  repository: string;
  /** Newest image, whose labels name the owner. */
  digest: Digest;
}

type StoredSpan = Omit<ExposureSpan, 'owner'>;

/**
 * Times that fixes took, from the history of tags and containers. A vulnerability is there while a
 * tag of the repository points to an image with it, or one runs; it may come back.
 */
@Injectable()
export class FixHistories {
  constructor(
    private readonly store: Store,
    private readonly ownership: OwnerLabels,
  ) {}

  /** Figures within the limits that the store applies. */
  async of(
    { by, days, limits, repository = '*' }: FixHistoryQuestion,
    owners: OwnerSettings,
    now: Date,
  ): Promise<FixTimeGroup[]> {
    const from = new Date(Math.floor(now.getTime() / dayMs - days) * dayMs);
    const places = await this.#places(repository);
    const named = await new Owners(owners, this.ownership).ofImages(places);
    const ownerOf = new Map(places.map((place, index) => [place.repository, named[index] ?? null]));
    const spans: ExposureSpan[] = [];
    for (let first = 0; first < places.length; first += batchSize) {
      const batch = places.slice(first, first + batchSize).map((place) => place.repository);
      for (const span of await this.#spans(batch, from, now))
        spans.push({ ...span, owner: ownerOf.get(span.repository) ?? null });
    }
    return groupFixTimes(spans, { by, from, limits });
  }

  async #places(pattern: string): Promise<Place[]> {
    return this.store.assembled<Place>(
      `SELECT DISTINCT ON (repository) repository, image_digest AS digest FROM push JOIN push_image ON push_id = push.id
       WHERE state = 'analyzed' AND repository LIKE $1 ORDER BY repository, received_at DESC, image_digest`,
      [likePattern(pattern)],
    );
  }

  /** Spans that are open, or that ended from a time on. */
  async #spans(repositories: readonly string[], from: Date, now: Date): Promise<StoredSpan[]> {
    return this.store.assembled<StoredSpan>(
      `WITH entry AS (${ledgerEntries}),
       tagged AS (
         SELECT repository, push_id, at, CASE WHEN lead(at) OVER tag < at THEN at ELSE lead(at) OVER tag END AS until,
           coalesce(lag(has_images OR is_deletion) OVER tag, is_first) AS is_since_known,
           coalesce(lead(has_images OR is_deletion) OVER tag, true) AS is_gone_known
         FROM entry WINDOW tag AS (PARTITION BY connection, repository, tag ORDER BY position)),
       held AS (
         SELECT repository, image_digest, tstzrange(at, until) AS span,
           CASE WHEN NOT is_since_known THEN tstzrange(NULL, at) END AS before, CASE WHEN NOT is_gone_known THEN tstzrange(until, NULL) END AS after
         FROM tagged JOIN push_image USING (push_id)
         UNION ALL SELECT repository, image_digest, span, NULL, NULL FROM (${containerSpans}) AS ran),
       of_image AS MATERIALIZED (
         SELECT repository, image_digest, range_agg(span) AS spans,
           coalesce(range_agg(before), '{}') + coalesce(range_agg(after), '{}') AS unclear
         FROM held GROUP BY repository, image_digest),
       of_vulnerability AS (
         SELECT repository, (array_agg(found.severity ORDER BY ${rankSql('found.severity', severities)} DESC))[1] AS severity, min(published) AS published,
           range_agg(spans) AS spans, range_agg(unclear) AS unclear
         FROM of_image JOIN image_package USING (image_digest) JOIN package_vulnerability AS found USING (package_id)
         JOIN advisory ON advisory.id = advisory_id
         WHERE kind = 'vulnerability' AND image_package.state = 'present' GROUP BY repository, found.vulnerability_id),
       seen AS (
         SELECT repository, severity, greatest(lower(span), published) AS since, upper(span) AS gone,
           coalesce(published > lower(span), false) OR NOT unclear @> lower(span) - interval '1 microsecond' AS is_since_known,
           upper(span) IS NULL OR NOT unclear @> upper(span) AS is_gone_known
         FROM of_vulnerability, unnest(spans) AS span)
       SELECT repository, severity, date_trunc('day', gone, 'UTC') AS gone, is_since_known AS "isSinceKnown", is_gone_known AS "isGoneKnown",
         floor(extract(epoch FROM coalesce(gone, $3) - since) / 86400)::int AS days, max(since) AS since, count(*)::int AS count
       FROM seen WHERE since <= coalesce(gone, $3) AND (gone IS NULL OR gone BETWEEN $2 AND $3)
       GROUP BY 1, 2, 3, 4, 5, 6`,
      [repositories, from, now],
    );
  }
}

/**
 * History of tags. A tag that points to what could not be read keeps its last known image. An image
 * that was deleted after its retention leaves a gap, and so does the time before the first entry
 * that is kept, or before the registry was connected.
 */
const ledgerEntries = `SELECT tag_ledger.connection, tag_ledger.repository, tag_ledger.tag, position, at, push_id,
    tag_ledger.digest IS NULL AS is_deletion, position = 1 AND origin <> 'imported' AS is_first,
    EXISTS (SELECT FROM push_image WHERE push_image.push_id = tag_ledger.push_id) AS has_images
  FROM tag_ledger LEFT JOIN push ON push.id = push_id
  WHERE tag_ledger.repository = ANY($1) AND (tag_ledger.digest IS NULL OR push.state = 'analyzed')`;

/** Containers of images, also by the digest of their index, in the repositories of their pushes. */
const containerSpans = `SELECT held.repository, held.image_digest, tstzrange(first_seen, CASE WHEN NOT ${isRecent} THEN
    greatest(first_seen, coalesce(ended_at, last_seen)) END) AS span
  FROM (SELECT DISTINCT repository, digest, image_digest FROM push JOIN push_image ON push_id = push.id
    WHERE repository = ANY($1) AND state = 'analyzed') AS held
  JOIN container_ledger AS ledger ON ledger.image_digest IN (held.image_digest, held.digest)`;
