import { Injectable } from '@nestjs/common';

import { columnsOf, type RowOf } from './columns.js';
import { DatabaseLifeRow, type RestoreReport } from './database-life-row.js';
import { json } from './storable.js';
import { Store, type Transaction } from './store.js';

const columns = columnsOf(DatabaseLifeRow, {
  only: ['id', 'epoch', 'beat', 'beatenAt', 'predecessor', 'restore'],
}).computed<{ serverStartedAt: Date }>({ serverStartedAt: 'pg_postmaster_start_time()' });
const beatColumns = columnsOf(DatabaseLifeRow, { only: ['id', 'epoch', 'beat', 'restore'] });
const restoreColumns = columnsOf(DatabaseLifeRow, { only: ['restore'] });

/** State of the database at its last heartbeat, and the start of its server. */
export type DatabaseState = RowOf<typeof columns>;

/** Heartbeat as it was committed, and as it is copied elsewhere. */
export type DatabaseBeat = Pick<DatabaseState, 'id' | 'epoch' | 'beat'>;

/** Heartbeat of the database, by which a restored copy is recognized. */
@Injectable()
export class DatabaseLife {
  constructor(private readonly store: Store) {}

  /**
   * Commits the next heartbeat; `recover` runs in its transaction.
   * @param copies heartbeats that were copied elsewhere; one that is ahead means that the database
   * is an older copy
   * @param recover returns its report about an older copy; null if the database is none
   */
  async beat(
    copies: readonly DatabaseBeat[],
    recover: (tx: Transaction, life: DatabaseState, ahead: DatabaseBeat | null) => Promise<RestoreReport | null>,
  ): Promise<{ beat: DatabaseBeat; restore: RestoreReport | null }> {
    return this.store.transaction(async (tx) => {
      const [life] = await tx.rows(columns, 'FROM database_life FOR UPDATE');
      const ahead =
        copies
          .filter((copy) => isAhead(copy, life!))
          .toSorted(byAge)
          .at(-1) ?? null;
      const report = await recover(tx, life!, ahead);
      const [row] = await tx.returning(
        beatColumns,
        `UPDATE database_life SET beaten_at = clock_timestamp(), beat = greatest(beat, $1) + 1, epoch = $2,
           predecessor = coalesce($3, predecessor), restore = coalesce($4, restore)`,
        [
          Math.max(0, ...copies.map(({ beat }) => beat)),
          report ? Math.max(life!.epoch, ahead?.epoch ?? 0) + 1 : life!.epoch,
          ahead && ahead.id !== life!.id ? ahead.id : null,
          report && json(report),
        ],
      );
      const { restore, ...beat } = row!;
      return { beat, restore };
    });
  }

  /** Last recognition of a restore; null if there was none. */
  async lastRestore(): Promise<RestoreReport | null> {
    const [life] = await this.store.rows(restoreColumns, 'FROM database_life');
    return life?.restore ?? null;
  }
}

/**
 * Whether a copy is of a later state of the database, or of another one that is not its
 * predecessor.
 */
function isAhead(copy: DatabaseBeat, life: DatabaseState): boolean {
  if (copy.id !== life.id) return copy.id !== life.predecessor;
  return byAge(copy, life) > 0;
}

function byAge(a: DatabaseBeat, b: DatabaseBeat): number {
  return a.epoch - b.epoch || a.beat - b.beat;
}
