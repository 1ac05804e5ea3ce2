import { Injectable } from '@nestjs/common';

import { Store, type Transaction } from '../core/store.js';
import { deleteNextBatch, type Removal, type RemovalBatch, type RemovalPreview } from './removal-batches.js';

const batchSize = 1_000;

/** Tables and conditions of records; $1 is the cluster, $2 the time of the order. */
const records = {
  containers: ['container_ledger', 'cluster = $1 AND last_seen <= $2'],
  workloads: ['workload', 'cluster = $1 AND seen_at <= $2'],
  objects: ['workload_object', 'cluster = $1 AND seen_at <= $2'],
  findings: ['workload_finding', 'cluster = $1 AND last_seen <= $2'],
  alerts: ['detection_alert', `alert #>> '{context,cluster}' = $1 AND turn IS NOT NULL AND created_at <= $2`],
  incidents: ['incident', `cluster = $1 AND state <> 'open' AND updated_at <= $2`],
} as const;

/**
 * Deletes what runs or ran in a cluster, and its incidents that have ended. Images stay: they
 * belong to repositories.
 */
@Injectable()
export class ClusterRemoval {
  constructor(private readonly store: Store) {}

  async preview({ name }: { name: string }): Promise<RemovalPreview> {
    const counts = Object.entries(records).map(
      ([record, [table, condition]]) => `(SELECT count(*) FROM ${table} WHERE ${condition})::float8 AS ${record}`,
    );
    const [row] = await this.store.aggregate<Record<keyof typeof records | 'open', number>>(
      `SELECT ${counts.join(', ')}, (SELECT count(*) FROM incident WHERE cluster = $1 AND state = 'open')::float8 AS open`,
      // All rows count: a time of this process may be a fraction before that of a row.
      [name, 'infinity'],
    );
    const { open, ...deleted } = row!;
    return { deleted, kept: { 'open incidents': open } };
  }

  /** Deletes a batch; returns whether there may be more to do now. */
  async step(): Promise<boolean> {
    return deleteNextBatch(this.store, 'cluster', async (tx, removal) => this.#deleteBatch(tx, removal));
  }

  async #deleteBatch(tx: Transaction, { name, requestedAt }: Removal): Promise<RemovalBatch> {
    for (const [record, [table, condition]] of Object.entries(records)) {
      const gone = await tx.query(
        `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
           SELECT ctid FROM ${table} WHERE ${condition} LIMIT ${batchSize} FOR UPDATE SKIP LOCKED)) RETURNING 1 AS one`,
        [name, requestedAt],
      );
      if (gone.length > 0) return { deleted: { [record]: gone.length } };
    }
    return null;
  }
}
