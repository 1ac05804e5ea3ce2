import { Injectable } from '@nestjs/common';

import { columnsOf, type RowOf } from './columns.js';
import { ReceivedRow } from './event-rows.js';
import { unnestOf } from './row-sets.js';
import type { Transaction } from './store.js';

const columns = columnsOf(ReceivedRow, { only: ['connection', 'deliveryKey'] });
const added = unnestOf(ReceivedRow, ['connection', 'deliveryKey']);

/** Idempotency key of one event of a webhook. */
export type ReceivedKey = RowOf<typeof columns>;

const contents = columnsOf(ReceivedRow, { only: ['connection', 'deliveryKey', 'content', 'receivedAt'] });
const changed = unnestOf(ReceivedRow, ['connection', 'deliveryKey', 'content', 'receivedAt']);

/** Last content that a connection sent about a tag; empty when it sent none before. */
export type ReceivedContent = RowOf<typeof contents>;

/** Deduplication of webhook deliveries. */
@Injectable()
export class Received {
  /** Records deliveries; returns in the same order whether each is new, of equal ones the first. */
  async remember(tx: Transaction, keys: readonly ReceivedKey[]): Promise<boolean[]> {
    // In one order, so that two transactions with the same keys wait for each other and cannot
    // deadlock.
    const sorted = keys.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
    const fresh = await tx.returning(
      columns,
      `INSERT INTO received (${added.columns}) SELECT ${added.values} FROM ${added.table} ON CONFLICT DO NOTHING`,
      added.parameters(sorted),
    );
    const unseen = new Set(fresh.map(nameOf));
    return keys.map((key) => unseen.delete(nameOf(key)));
  }

  /** Locks the last contents of these keys until the transaction ends. */
  async lockContents(tx: Transaction, keys: readonly ReceivedKey[]): Promise<ReceivedContent[]> {
    const distinct = new Map(keys.map((key) => [nameOf(key), key]));
    const sorted = [...distinct].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, key]) => key);
    return tx.returning(
      contents,
      `INSERT INTO received (${added.columns}, content) SELECT ${added.values}, '' FROM ${added.table}
       ON CONFLICT (connection, delivery_key) DO UPDATE SET content = coalesce(received.content, '')`,
      added.parameters(sorted),
    );
  }

  /** Replaces contents that {@link lockContents} returned. */
  async replaceContents(tx: Transaction, rows: readonly ReceivedContent[]): Promise<void> {
    await tx.query(
      `UPDATE received SET content = given.content, received_at = given."receivedAt" FROM ${changed.table}
       WHERE (received.connection, delivery_key) = (given.connection, given."deliveryKey")`,
      changed.parameters(rows),
    );
  }
}

function nameOf({ connection, deliveryKey }: ReceivedKey): string {
  return `${connection}\n${deliveryKey}`;
}
