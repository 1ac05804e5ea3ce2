import { Injectable } from '@nestjs/common';

import { columnsOf, type RowOf } from './columns.js';
import { ReceivedRow } from './event-rows.js';
import { unnestOf } from './row-sets.js';
import type { Transaction } from './store.js';

const columns = columnsOf(ReceivedRow, { only: ['connection', 'deliveryKey'] });
const added = unnestOf(ReceivedRow, ['connection', 'deliveryKey']);

/** Idempotency key of one event of a webhook. */
export type ReceivedKey = RowOf<typeof columns>;

/** Deduplication of webhook deliveries. */
@Injectable()
export class Received {
  /** Records deliveries; returns, in the same order, which ones are new. Of two equal ones only the first is. */
  async remember(tx: Transaction, keys: readonly ReceivedKey[]): Promise<boolean[]> {
    // In one order, so that two transactions with the same keys wait for each other and cannot deadlock.
    const sorted = keys.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
    const fresh = await tx.returning(
      columns,
      `INSERT INTO received (${added.columns}) SELECT ${added.values} FROM ${added.table} ON CONFLICT DO NOTHING`,
      added.parameters(sorted),
    );
    const unseen = new Set(fresh.map(nameOf));
    return keys.map((key) => unseen.delete(nameOf(key)));
  }
}

function nameOf({ connection, deliveryKey }: ReceivedKey): string {
  return `${connection}\n${deliveryKey}`;
}
