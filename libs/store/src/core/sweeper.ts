import { consumersOf } from '@tidewaiter/events';
import { Every, type Logger } from '@tidewaiter/runtime';

import { historyDays } from '../deliveries/alert-history.js';
import type { Store, Transaction } from './store.js';

const intervalMs = 5_000;
const batchSize = 1_000;

interface Unconfirmed {
  id: string;
  type: string;
  confirmedBy: string[];
}

/**
 * Compares published events with the inboxes of their consumers, and republishes missing ones, so
 * that the loss of all data of NATS is survivable.
 */
export class OutboxSweeper {
  constructor(
    private readonly store: Store,
    private readonly logger: Logger,
  ) {}

  @Every(intervalMs)
  async sweep(): Promise<void> {
    const redriven = await this.store.transaction(sweepOutbox);
    if (redriven > 0) this.logger.warn({ events: redriven }, 'events published again');
    await this.store.transaction(forgetOld);
  }
}

/** Confirms events that every consumer has handled, and redrives the rest; returns how many were redriven. */
export async function sweepOutbox(tx: Transaction): Promise<number> {
  const rows = await tx.aggregate<Unconfirmed>(
    `SELECT id, type, (
       SELECT coalesce(array_agg(consumer), '{}') FROM (
         SELECT consumer FROM inbox WHERE event_id = outbox.id
         UNION SELECT worker FROM dead_letter WHERE event_id = outbox.id AND stage = 'event' AND redriven_at IS NULL
       ) AS handled (consumer)) AS "confirmedBy"
     FROM outbox
     WHERE published_at IS NOT NULL AND confirmed_at IS NULL AND next_sweep_at <= now()
     ORDER BY next_sweep_at LIMIT $1 FOR UPDATE SKIP LOCKED`,
    [batchSize],
  );
  const isConfirmed = ({ type, confirmedBy }: Unconfirmed) =>
    consumersOf(type).every(({ name }) => confirmedBy.includes(name));
  const confirmed = rows.filter(isConfirmed);
  const missing = rows.filter((row) => !isConfirmed(row));
  await tx.query('UPDATE outbox SET confirmed_at = now() WHERE id = ANY($1)', [confirmed.map(({ id }) => id)]);
  await tx.query('UPDATE outbox SET published_at = NULL WHERE id = ANY($1)', [missing.map(({ id }) => id)]);
  return missing.length;
}

/** Retention: deletes expired rows in batches. Events with an open dead letter stay, as they can be redriven. */
export async function forgetOld(tx: Transaction): Promise<void> {
  const forget = (table: string, condition: string) =>
    tx.query(
      `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE ${condition} LIMIT ${batchSize}))`,
    );
  await forget(
    'outbox',
    `confirmed_at < now() - interval '3 days'
       AND NOT EXISTS (SELECT FROM dead_letter WHERE event_id = outbox.id AND redriven_at IS NULL)`,
  );
  // Keep inbox rows of events that can be redriven: a redrive is for one consumer, and the others
  // must still skip the event.
  await forget(
    'inbox',
    "handled_at < now() - interval '8 days' AND NOT EXISTS (SELECT FROM outbox WHERE outbox.id = inbox.event_id)",
  );
  await forget('received', "received_at < now() - interval '8 days'");
  await forget('alert_history', `at < now() - interval '${historyDays} days'`);
  await forget('job', "state = 'done' AND finished_at < now() - interval '3 days'");
}
