import { Injectable } from '@nestjs/common';
import type { WideMatch } from '@tidewaiter/detection';

import { json } from '../core/storable.js';
import { Store, type Transaction } from '../core/store.js';

/**
 * Limit on stored matches. Beyond it, new matches are dropped and not correlated across partitions.
 */
const maxKept = 1_000_000;

/** Matches on their way from the readers of partitions to the correlation across all of them. */
@Injectable()
export class DetectionMatches {
  constructor(private readonly store: Store) {}

  /**
   * Adds matches; false when there was no room. Existing ones, as after a replay, stay unchanged.
   */
  async add(tx: Transaction, matches: readonly WideMatch[]): Promise<boolean> {
    // Reads both ends of an index: numbers are about in the order of arrival.
    const [kept] = await tx.aggregate<{ hasRoom: boolean }>(
      'SELECT coalesce(max(number) - min(number), 0) < $1 AS "hasRoom" FROM detection_match',
      [maxKept],
    );
    if (!kept?.hasRoom) return false;
    await tx.query(
      `INSERT INTO detection_match (id, match) SELECT id, match FROM unnest($1::text[], $2::jsonb[]) AS match (id, match)
       ON CONFLICT (id) DO NOTHING`,
      [matches.map(({ id }) => id), matches.map(json)],
    );
    return true;
  }

  /** Oldest matches that are not taken yet. */
  async waiting(limit: number): Promise<WideMatch[]> {
    const rows = await this.store.aggregate<{ match: WideMatch }>(
      'SELECT match FROM detection_match WHERE turn IS NULL ORDER BY number LIMIT $1',
      [limit],
    );
    return rows.map(({ match }) => match);
  }

  /** Marks matches as taken in a turn of the builder, in the transaction of its effects. */
  async taken(tx: Transaction, turn: number, ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await tx.query('UPDATE detection_match SET turn = $1 WHERE id = ANY($2::text[]) AND turn IS NULL', [turn, ids]);
  }

  /** Matches taken after a turn, by turn. */
  async takenAfter(turn: number, limit: number): Promise<{ turn: number; matches: WideMatch[] }[]> {
    const rows = await this.store.aggregate<{ turn: number; match: WideMatch }>(
      `SELECT turn::float AS turn, match FROM detection_match
       WHERE turn > $1 AND turn <= (SELECT max(turn) FROM (SELECT turn FROM detection_match WHERE turn > $1 ORDER BY turn LIMIT $2) AS next)
       ORDER BY turn, number`,
      [turn, limit],
    );
    const turns = Map.groupBy(rows, (row) => row.turn);
    return Array.from(turns, ([number, some]) => ({ turn: number, matches: some.map(({ match }) => match) }));
  }

  /** Deletes the matches that a snapshot as of a turn includes. */
  async forget(tx: Transaction, turn: number): Promise<void> {
    await tx.query('DELETE FROM detection_match WHERE turn <= $1', [turn]);
  }
}
