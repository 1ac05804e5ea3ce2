import { Injectable } from '@nestjs/common';

import type { Transaction } from './store.js';

/** One event of a webhook, by what makes it the same when it is delivered again. */
export interface ReceivedKey {
  connection: string;
  deliveryKey: string;
}

/** What webhooks have delivered before. */
@Injectable()
export class Received {
  /** Remembers deliveries; answers, in the same order, which ones are new. The first of two equal ones is. */
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
