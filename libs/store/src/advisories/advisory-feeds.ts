import { Injectable } from '@nestjs/common';
import {
  type AdvisoryFeed,
  type AdvisoryHoldings,
  type EpssScore,
  type KevEntry,
  type KevList,
  type OsvAdvisory,
  type ProductReleases,
  type RepositoryCpes,
} from '@tidewaiter/advisories';
import { failpoint } from '@tidewaiter/runtime';

import { columnsOf } from '../core/columns.js';
import { lineEncoder } from '../core/copy.js';
import { excluded, valuesOf } from '../core/row-sets.js';
import { Store, type Transaction } from '../core/store.js';
import { Advisories, type AdvisoryStatus, changeLock } from './advisories.js';
import { AdvisoryFeedRow, AdvisoryImportRow, EndOfLifeRow, EpssRow } from './advisory-rows.js';
import { queueExploitationChanges } from './exploitation-changes.js';

/** Scores of one statement, whose memory they bound. */
const scoresAtOnce = 20_000;

/** Contents of the advisory database, for display. */
export interface StoredAdvisories extends AdvisoryHoldings {
  lastImport: AdvisoryStatus['lastImport'];
}

const scoreColumns = ['cve', 'score', 'percentile'] as const;
const lineOfScore = lineEncoder(EpssRow, scoreColumns);
const feedColumns = columnsOf(AdvisoryFeedRow);
const storedFeed = valuesOf(AdvisoryFeedRow, [
  'name',
  'origin',
  'etag',
  'lastModified',
  'asOf',
  'checkedAt',
  'changedAt',
  'records',
  'rejected',
]);
const newImport = valuesOf(AdvisoryImportRow, ['source', 'records', 'changed', 'rejected']);

/** Sources and age of the advisories, and exploitation data; syncs and imports write to it. */
@Injectable()
export class AdvisoryFeeds {
  constructor(
    private readonly store: Store,
    private readonly advisories: Advisories,
  ) {}

  /**
   * Runs `work` without a transaction: each write commits by itself, so that pushes evaluated
   * meanwhile need not wait.
   */
  async update<T>(work: () => Promise<T>): Promise<T> {
    return work();
  }

  async feed(name: string): Promise<AdvisoryFeed | null> {
    const feed = await this.store.entity(AdvisoryFeedRow, (feeds) => feeds.findOneBy({ name }));
    return feed && feedOf(feed);
  }

  async feeds(): Promise<AdvisoryFeed[]> {
    const rows = await this.store.rows(feedColumns, 'FROM advisory_feed ORDER BY name COLLATE "C"');
    return rows.map(feedOf);
  }

  /**
   * Records the state of a feed after a sync that wrote `changed` records; null when there was
   * nothing to read.
   */
  async noteFeed(feed: AdvisoryFeed, changed: number | null): Promise<void> {
    await this.store.transaction(async (tx) => {
      await tx.query(
        `INSERT INTO advisory_feed (${storedFeed.columns}) VALUES (${storedFeed.values})
         ON CONFLICT (name) DO UPDATE SET
           ${excluded(AdvisoryFeedRow, ['origin', 'etag', 'lastModified', 'asOf', 'checkedAt', 'changedAt', 'records', 'rejected'])}`,
        storedFeed.parameters(feed),
      );
      if (changed === null) return;
      await tx.query(
        `INSERT INTO advisory_import (${newImport.columns}) VALUES (${newImport.values})`,
        newImport.parameters({ ...feed, source: feed.name, changed }),
      );
    });
    failpoint('advisories.feed-noted');
  }

  /**
   * Modification times, in milliseconds since 1970, of those of these ids that are known. Leaves
   * out records without a publication date, which older versions did not store, so that they are
   * written again.
   */
  async known(ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.store.aggregate<{ id: string; modified: number }>(
      'SELECT id, floor(extract(epoch FROM modified) * 1000)::float8 AS modified FROM advisory WHERE id = ANY($1) AND published IS NOT NULL',
      [ids],
    );
    return new Map(rows.map(({ id, modified }) => [id, modified]));
  }

  async put(advisories: readonly OsvAdvisory[]): Promise<number> {
    const changed = await this.advisories.put(advisories);
    failpoint('advisories.put');
    return changed;
  }

  /** Ids of the advisories that have entries in an ecosystem and are not withdrawn. */
  async idsOf(ecosystem: string): Promise<string[]> {
    const rows = await this.store.aggregate<{ id: string }>(
      `SELECT DISTINCT id FROM advisory_package JOIN advisory ON id = advisory_id WHERE ecosystem = $1 AND withdrawn IS NULL`,
      [ecosystem],
    );
    return rows.map(({ id }) => id);
  }

  /** {@link idsOf} in parts, in order. */
  async *pagesOfIds(ecosystem: string, size: number): AsyncGenerator<string[]> {
    for (let last = ''; ;) {
      const rows = await this.store.aggregate<{ id: string }>(
        `SELECT id FROM advisory WHERE id > $2 AND withdrawn IS NULL
           AND EXISTS (SELECT FROM advisory_package WHERE advisory_id = id AND ecosystem = $1) ORDER BY id LIMIT $3`,
        [ecosystem, last, size],
      );
      if (rows.length === 0) return;
      yield rows.map(({ id }) => id);
      last = rows.at(-1)!.id;
    }
  }

  async retire(ecosystem: string, ids: readonly string[]): Promise<void> {
    await this.advisories.retire(ecosystem, ids);
    failpoint('advisories.retired');
  }

  /**
   * Replaces a list of exploited vulnerabilities; returns how many entries were added, changed or
   * removed. Additions after the first load of the list are news, if no other list has them.
   */
  async putKev(list: KevList, entries: readonly KevEntry[]): Promise<number> {
    const cves = entries.map(({ cve }) => cve);
    return this.store.transaction(async (tx) => {
      // Every part of a statement reads the tables as they were before it: kev without what changed
      // adds to it.
      const counts = await tx.aggregate<WriteCounts>(
        `WITH changed AS (
           INSERT INTO kev (cve, added_on, lists)
           SELECT cve, day::date, jsonb_build_object($3::text, day) FROM unnest($1::text[], $2::text[]) AS row (cve, day)
           ON CONFLICT (cve) DO UPDATE SET lists = kev.lists || EXCLUDED.lists, added_on = ${earliestOf('kev.lists || EXCLUDED.lists')}
           WHERE kev.lists -> $3::text IS DISTINCT FROM EXCLUDED.lists -> $3::text RETURNING cve),
         news AS (
           INSERT INTO exploitation_change (cve, reason, announced_at)
           SELECT cve, 'kev', CASE WHEN EXISTS (SELECT FROM kev WHERE ${isListed('$3::text')}) THEN NULL ELSE now() END
           FROM changed WHERE NOT EXISTS (SELECT FROM kev WHERE kev.cve = changed.cve)
           ON CONFLICT DO NOTHING RETURNING announced_at)
         ${writeCounts}`,
        [cves, entries.map(({ addedOn }) => addedOn), list],
      );
      const gone = await tx.query(
        `WITH gone AS (SELECT cve FROM kev WHERE ${isListed('$1::text')} AND cve NOT IN (SELECT unnest($2::text[]))),
         deleted AS (DELETE FROM kev WHERE cve IN (SELECT cve FROM gone) AND lists - $1::text = '{}'),
         kept AS (UPDATE kev SET lists = lists - $1::text, added_on = ${earliestOf('lists - $1::text')} WHERE cve IN (SELECT cve FROM gone) AND lists - $1::text <> '{}')
         SELECT cve FROM gone`,
        [list, cves],
      );
      return (await changedBy(tx, counts)) + gone.length;
    });
  }

  /**
   * Replaces the scores; returns how many were added, changed or removed. Rises of CVEs in the
   * fleet are evaluated later.
   */
  async putEpss(scores: readonly EpssScore[]): Promise<number> {
    return this.store.transaction(async (tx) => {
      const [known] = await tx.query('SELECT FROM epss LIMIT 1');
      if (!known) {
        await tx.copy(
          EpssRow,
          scoreColumns,
          scores.values().map((score) => lineOfScore(score)),
        );
        return scores.length;
      }
      let changed = 0;
      for (let start = 0; start < scores.length; start += scoresAtOnce)
        changed += await putScores(tx, scores.slice(start, start + scoresAtOnce));
      return (
        changed +
        (await deleteOthers(
          tx,
          scores.map(({ cve }) => cve),
        ))
      );
    });
  }

  /** Replaces the products of endoflife.date; returns how many were added, changed or removed. */
  async putEndOfLife(products: readonly ProductReleases[]): Promise<number> {
    return this.store.transaction(async (tx) => {
      const changed = await tx.query(
        `INSERT INTO end_of_life (product, title, releases, end_days)
         SELECT product, title, releases, ARRAY(SELECT day::date FROM unnest(string_to_array(days, ' ')) AS day)
         FROM unnest($1::text[], $2::text[], $3::jsonb[], $4::text[]) AS row (product, title, releases, days)
         ON CONFLICT (product) DO UPDATE SET ${excluded(EndOfLifeRow, ['title', 'releases', 'endDays'])}
         WHERE (end_of_life.title, end_of_life.releases) IS DISTINCT FROM (EXCLUDED.title, EXCLUDED.releases)
         RETURNING product`,
        [
          products.map(({ product }) => product),
          products.map(({ title }) => title),
          products.map(({ releases }) => JSON.stringify(releases)),
          products.map(({ releases }) => endDays(releases).join(' ')),
        ],
      );
      const names = products.map(({ product }) => product);
      const gone = await tx.query('DELETE FROM end_of_life WHERE product <> ALL($1) RETURNING product', [names]);
      return changed.length + gone.length;
    });
  }

  /**
   * Replaces the map of repositories; returns how many were added, changed or removed. Packages of
   * images with these are then matched again, as after a change of the matching itself.
   */
  async putRepositories(repositories: readonly RepositoryCpes[]): Promise<number> {
    return this.store.transaction(async (tx) => {
      await tx.query(`SELECT pg_advisory_xact_lock(${changeLock})`);
      const names = repositories.map(({ repository }) => repository);
      const rows = await tx.aggregate<{ repository: string }>(
        `WITH changed AS (
           INSERT INTO repository_cpe (repository, cpes)
           SELECT repository, string_to_array(cpes, ' ') FROM unnest($1::text[], $2::text[]) AS row (repository, cpes)
           ON CONFLICT (repository) DO UPDATE SET cpes = EXCLUDED.cpes WHERE repository_cpe.cpes <> EXCLUDED.cpes RETURNING repository),
         gone AS (DELETE FROM repository_cpe WHERE repository <> ALL($1) RETURNING repository)
         SELECT repository FROM changed UNION ALL SELECT repository FROM gone`,
        [names, repositories.map(({ cpes }) => cpes.join(' '))],
      );
      const changed = rows.map(({ repository }) => repository);
      await tx.query(
        `UPDATE package SET matched_by = 0 WHERE matched_by > 0 AND ecosystem = 'Red Hat'
         AND string_to_array(qualifiers ->> 'repository_id', ',') && $1`,
        [changed],
      );
      return changed.length;
    });
  }

  /** Counts all rows, which takes seconds for a large database. */
  async holdings(): Promise<StoredAdvisories> {
    const ecosystems = await this.store.aggregate<AdvisoryHoldings['ecosystems'][number]>(
      `SELECT ecosystem, count(DISTINCT advisory_id)::int AS records, count(*)::int AS packages FROM advisory_package
       GROUP BY ecosystem ORDER BY ecosystem COLLATE "C"`,
    );
    const [counts] = await this.store.aggregate<Pick<AdvisoryHoldings, 'kev' | 'epss' | 'endOfLife' | 'repositories'>>(
      `SELECT (SELECT count(*)::int FROM kev) AS kev, (SELECT count(*)::int FROM epss) AS epss,
         (SELECT count(*)::int FROM end_of_life) AS "endOfLife", (SELECT count(*)::int FROM repository_cpe) AS repositories`,
    );
    const { advisories, lastImport } = await this.advisories.status();
    return { advisories, ecosystems, feeds: await this.feeds(), ...counts!, lastImport };
  }
}

function feedOf({ asOf, checkedAt, changedAt, ...feed }: AdvisoryFeedRow): AdvisoryFeed {
  return {
    ...feed,
    asOf: asOf.toISOString(),
    checkedAt: checkedAt.toISOString(),
    changedAt: changedAt.toISOString(),
  };
}

/**
 * Counts of the rows that a load wrote, and of those that it left to be evaluated in
 * `exploitation_change`.
 */
interface WriteCounts {
  changed: number;
  waiting: number;
}

const writeCounts = `SELECT (SELECT count(*)::int FROM changed) AS changed,
  (SELECT count(*)::int FROM news WHERE announced_at IS NULL) AS waiting`;

/** Returns how many rows changed, and queues the evaluation of the news among them. */
async function changedBy(tx: Transaction, [counts]: readonly WriteCounts[]): Promise<number> {
  const { changed, waiting } = counts!;
  if (waiting > 0) await queueExploitationChanges(tx);
  return changed;
}

async function putScores(tx: Transaction, scores: readonly EpssScore[]): Promise<number> {
  const counts = await tx.aggregate<WriteCounts>(
    `WITH changed AS (
       INSERT INTO epss (cve, score, percentile) SELECT * FROM unnest($1::text[], $2::float8[], $3::float8[])
       ON CONFLICT (cve) DO UPDATE SET score = EXCLUDED.score, percentile = EXCLUDED.percentile
       WHERE (epss.score, epss.percentile) IS DISTINCT FROM (EXCLUDED.score, EXCLUDED.percentile) RETURNING cve, score),
     news AS (
       INSERT INTO exploitation_change (cve, reason, score_before)
       SELECT cve, 'epss', before.score FROM changed LEFT JOIN epss AS before USING (cve)
       WHERE changed.score > coalesce(before.score, 0) AND cve IN (SELECT unnest(vulnerability_ids) FROM package_match)
       ON CONFLICT DO NOTHING RETURNING announced_at)
     ${writeCounts}`,
    [scores.map(({ cve }) => cve), scores.map(({ score }) => score), scores.map(({ percentile }) => percentile)],
  );
  return changedBy(tx, counts);
}

/** Days on which supports of these releases end. */
function endDays(releases: ProductReleases['releases']): string[] {
  const ends = releases.flatMap(({ supportEnds, extendedEnds }) => [supportEnds, extendedEnds ?? '']);
  return [...new Set(ends)].filter((day) => /^\d{4}-\d\d-\d\d$/.test(day)).toSorted();
}

/** Whether a row of `kev` is of a list. */
const isListed = (list: string) => `(kev.lists ? ${list} OR ${list} = 'CISA' AND kev.lists = '{}')`;
const earliestOf = (lists: string) => `(SELECT min(value) FROM jsonb_each_text(${lists}))::date`;

/** Deletes the rows that are not among `kept`; returns how many. */
async function deleteOthers(tx: Transaction, kept: readonly string[]): Promise<number> {
  const gone = await tx.query(
    `DELETE FROM epss WHERE NOT EXISTS (SELECT FROM unnest($1::text[]) AS kept (cve) WHERE kept.cve = epss.cve) RETURNING cve`,
    [kept],
  );
  return gone.length;
}
