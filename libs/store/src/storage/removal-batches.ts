import { columnsOf, type RowOf } from '../core/columns.js';
import { json } from '../core/storable.js';
import type { Store, Transaction } from '../core/store.js';
import { type RemovalCounts, RemovalRow } from './removal-rows.js';

export const removalColumns = columnsOf(RemovalRow, { omit: ['nextAt'] });

export type Removal = RowOf<typeof removalColumns>;

/** Numbers of records that a removal would delete, and of those that are in use. */
export interface RemovalPreview {
  deleted: RemovalCounts;
  kept: RemovalCounts;
}

/** Records that a batch deleted, or seconds to wait for those in use; null at the end. */
export type RemovalBatch = { deleted: RemovalCounts } | { waitSeconds: number; kept: RemovalCounts } | null;

/**
 * Deletes a batch of the oldest removal of a kind; returns whether there may be more to do now. The
 * transaction holds the removal: a process that dies loses one batch, and the next one goes on.
 */
export async function deleteNextBatch(
  store: Store,
  kind: RemovalRow['kind'],
  deleteBatch: (tx: Transaction, removal: Removal) => Promise<RemovalBatch>,
): Promise<boolean> {
  return store.transaction(async (tx) => {
    const [removal] = await tx.rows(
      removalColumns,
      `FROM removal WHERE kind = $1 AND state <> 'done' AND next_at <= now()
       ORDER BY requested_at LIMIT 1 FOR UPDATE SKIP LOCKED`,
      [kind],
    );
    if (!removal) return false;
    await saveBatch(tx, removal, await deleteBatch(tx, removal));
    return true;
  });
}

async function saveBatch(tx: Transaction, { id, deleted }: Removal, batch: RemovalBatch): Promise<void> {
  if (batch === null) {
    await tx.query(`UPDATE removal SET state = 'done', kept = '{}', finished_at = now() WHERE id = $1`, [id]);
  } else if ('waitSeconds' in batch) {
    await tx.query(
      `UPDATE removal SET state = 'waiting', kept = $2, next_at = now() + $3::int * interval '1 second' WHERE id = $1`,
      [id, json(batch.kept), batch.waitSeconds],
    );
  } else {
    const sums = { ...deleted };
    for (const [name, count] of Object.entries(batch.deleted)) sums[name] = (sums[name] ?? 0) + count;
    await tx.query(`UPDATE removal SET state = 'running', deleted = $2 WHERE id = $1`, [id, json(sums)]);
  }
}
