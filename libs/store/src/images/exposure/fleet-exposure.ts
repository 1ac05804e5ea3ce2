import { Injectable } from '@nestjs/common';

import { columnsOf } from '../../core/columns.js';
import { Store } from '../../core/store.js';
import { countExposure, runningContainers, taggedPlaces } from './exposure-counts.js';
import { FleetRefreshRow } from './exposure-rows.js';
import { duePackages, evaluatePackages } from './package-evaluation.js';

const stateColumns = columnsOf(FleetRefreshRow, { only: ['countedAt', 'state', 'advisoryChange'] });
const ageColumns = columnsOf(FleetRefreshRow, { only: ['refreshedAt'] });

/** Lease of a refresh; extended while it works. */
const leaseSql = `now() + interval '1 minute'`;
/** Packages that one transaction evaluates: it locks them against rematches. */
const batchSize = 500;
/** Time after which everything is counted again, even if no change was seen. */
const recountMs = 3_600_000;

/** Hash over everything besides matches that the counts follow from. */
const stateSql = `WITH place AS (${taggedPlaces}), container AS (${runningContainers})
  SELECT md5(concat_ws(' ',
    (SELECT bit_xor(hashtextextended(concat_ws(' ', image_digest, repository), 0)) FROM place),
    (SELECT bit_xor(hash) FROM (SELECT DISTINCT hashtextextended(container::text, 0) AS hash FROM container) AS each),
    (SELECT bit_xor(hashtextextended(concat_ws(' ', digest, analyzed_at), 0)) FROM image),
    EXISTS (SELECT FROM container_ledger),
    (SELECT bit_xor(hashtextextended(cve, 0)) FROM kev),
    (SELECT concat(count(*), ' ', sum(score)) FROM epss))) AS state,
    (SELECT coalesce(max(change), 0) FROM advisory) AS "advisoryChange"`;

/**
 * Counts of images and workloads that have a vulnerability, kept for lists: counting millions of
 * findings for a page would take seconds. They follow from packages, matches, tags and containers
 * alone, so that a lost refresh is made up by the next one.
 */
@Injectable()
export class FleetExposure {
  constructor(private readonly store: Store) {}

  /** Time at which the counts were last known to be current; null before the first refresh. */
  async refreshedAt(): Promise<Date | null> {
    const [row] = await this.store.rows(ageColumns, 'FROM fleet_refresh');
    return row?.refreshedAt ?? null;
  }

  /** Brings the counts up to date. Does nothing while another process does; returns what it did. */
  async refresh(now = Date.now()): Promise<'counted' | 'current' | 'busy'> {
    const [claimed] = await this.store.returning(
      stateColumns,
      `INSERT INTO fleet_refresh (id, claimed_until) VALUES (true, ${leaseSql})
       ON CONFLICT (id) DO UPDATE SET claimed_until = EXCLUDED.claimed_until WHERE fleet_refresh.claimed_until < now()`,
    );
    if (!claimed) return 'busy';
    try {
      return await this.#refresh(claimed, now);
    } finally {
      await this.store.query('UPDATE fleet_refresh SET claimed_until = now()');
    }
  }

  async #refresh(
    known: Pick<FleetRefreshRow, 'countedAt' | 'state' | 'advisoryChange'>,
    now: number,
  ): Promise<'counted' | 'current'> {
    // Read before the packages: what changes meanwhile is seen as a change by the next refresh.
    const [found] = await this.store.aggregate<Pick<FleetRefreshRow, 'advisoryChange'> & { state: string }>(stateSql);
    const { state, advisoryChange } = found!;
    const evaluated = await this.#evaluate(known.advisoryChange);
    const isRecount = known.countedAt === null || now - known.countedAt.getTime() > recountMs;
    if (evaluated === 0 && state === known.state && !isRecount) {
      await this.store.query('UPDATE fleet_refresh SET refreshed_at = now(), advisory_change = $1', [advisoryChange]);
      return 'current';
    }
    await this.store.transaction(async (tx) => {
      await countExposure(tx);
      await tx.query(
        'UPDATE fleet_refresh SET refreshed_at = now(), counted_at = now(), state = $1, advisory_change = $2',
        [state, advisoryChange],
      );
    });
    return 'counted';
  }

  /** Evaluates packages that changed; returns how many. */
  async #evaluate(advisoryChange: string): Promise<number> {
    const due = await duePackages(this.store, advisoryChange);
    for (let start = 0; start < due.length; start += batchSize) {
      await this.store.transaction((tx) => evaluatePackages(tx, due.slice(start, start + batchSize)));
      await this.store.query(`UPDATE fleet_refresh SET claimed_until = ${leaseSql}`);
    }
    return due.length;
  }
}
