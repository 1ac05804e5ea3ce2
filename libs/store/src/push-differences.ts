import { Injectable } from '@nestjs/common';
import type { PushChanges } from '@tidewaiter/integrity';

import { json } from './storable.js';
import { Store, type Transaction } from './store.js';

/** What pushes changed against what their tags pointed to before. */
@Injectable()
export class PushDifferences {
  constructor(private readonly store: Store) {}

  async put(tx: Transaction, pushId: string, changes: PushChanges): Promise<void> {
    await tx.query(
      'INSERT INTO push_change (push_id, changes) VALUES ($1, $2) ON CONFLICT (push_id) DO UPDATE SET changes = EXCLUDED.changes',
      [pushId, json(changes)],
    );
  }

  /** Null of a push that moved no tag, or that is from before this was kept. */
  async of(pushId: string): Promise<PushChanges | null> {
    const [row] = await this.store.query<{ changes: PushChanges }>(
      'SELECT changes FROM push_change WHERE push_id = $1',
      [pushId],
    );
    return row?.changes ?? null;
  }
}
