import { Injectable } from '@nestjs/common';

import type { Transaction } from './store.js';

/** Idempotency key of one event of a webhook. */
export interface ReceivedKey {
  connection: string;
  deliveryKey: string;
}

/** Deduplication of webhook deliveries. */
@Injectable()
export class Received {
  /** Records deliveries; returns, in the same order, which ones are new. Of two equal ones only the first is. */
  async remember(tx: Transaction, keys: readonly ReceivedKey[]): Promise<boolean[]> {
    // In one order, so that two transactions with the same keys wait for each other and cannot deadlock.
    const sorted = keys.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
    const fresh = await tx.query<ReceivedKey>(
      `INSERT INTO received (connection, delivery_key) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING
       RETURNING connection, delivery_key AS "deliveryKey"`,
      [sorted.map(({ connection }) => connection), sorted.map(({ deliveryKey }) => deliveryKey)],
    );
    const unseen = new Set(fresh.map(nameOf));
    return keys.map((key) => unseen.delete(nameOf(key)));
  }
}

function nameOf({ connection, deliveryKey }: ReceivedKey): string {
  return `${connection}\n${deliveryKey}`;
}
