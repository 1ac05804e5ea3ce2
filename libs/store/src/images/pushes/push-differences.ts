import { Injectable } from '@nestjs/common';
import type { PushChanges } from '@tidewaiter/integrity';

import { json } from '../../core/storable.js';
import { Store, type Transaction } from '../../core/store.js';
import type { PushWarning } from '../image-rows.js';

/** Changes of pushes against the previous images of their tags. */
@Injectable()
export class PushDifferences {
  constructor(private readonly store: Store) {}

  async put(tx: Transaction, pushId: string, changes: PushChanges): Promise<void> {
    await tx.query(
      'INSERT INTO push_change (push_id, changes) VALUES ($1, $2) ON CONFLICT (push_id) DO UPDATE SET changes = EXCLUDED.changes',
      [pushId, json(changes)],
    );
  }

  /** {@link of} a push, and the warnings of its verdict: a hostile image may cause thousands. */
  async withWarnings(pushId: string): Promise<{ changes: PushChanges | null; warnings: PushWarning[] }> {
    const [row] = await this.store.aggregate<{ changes: PushChanges | null; warnings: PushWarning[] | null }>(
      'SELECT changes, warnings FROM push LEFT JOIN push_change ON push_id = push.id WHERE push.id = $1',
      [pushId],
    );
    return { changes: row?.changes ?? null, warnings: row?.warnings ?? [] };
  }

  /** Changes of a push; null if it moved no tag, or is older than this table. */
  async of(pushId: string): Promise<PushChanges | null> {
    const [row] = await this.store.aggregate<{ changes: PushChanges }>(
      'SELECT changes FROM push_change WHERE push_id = $1',
      [pushId],
    );
    return row?.changes ?? null;
  }
}
