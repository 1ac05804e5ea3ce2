import { Injectable } from '@nestjs/common';
import type { Alert } from '@tidewaiter/domain';
import type { PastAlert, PastEvent } from '@tidewaiter/routing';

import { json } from '../core/storable.js';
import { Store, type Transaction } from '../core/store.js';
import { TransactionBatcher } from '../core/transaction-batcher.js';
import { alertId } from './firing-alerts.js';

/** Retention of the alert history, in days. */
export const historyDays = 31;

/** Events of one page. An event has thousands of alerts at most, so that a page fits into memory. */
const pageSize = 25;

interface Row {
  eventId: string;
  /** Exact time, as the cursor of the next page. */
  mark: string;
  atMs: number;
  alerts: PastAlert[];
  state: PastEvent['state'];
}

/** Alerts of an event. */
interface HistoryEntry {
  eventId: string;
  alerts: readonly Alert[];
  state: PastEvent['state'];
}

/** History of alerts by event, before routing. */
@Injectable()
export class AlertHistory {
  readonly #added = new TransactionBatcher(addAll);

  constructor(private readonly store: Store) {}

  /** Records the alerts of an event, in the transaction that routes them. */
  async add(tx: Transaction, told: HistoryEntry): Promise<void> {
    if (told.alerts.length > 0) await this.#added.add(tx, told);
  }

  /** Start of the history; null while it is empty. */
  async start(): Promise<Date | null> {
    const [row] = await this.store.query<{ at: Date | null }>('SELECT min(at) AS at FROM alert_history');
    return row?.at ?? null;
  }

  /** Events of a period, oldest first. */
  async *between(since: Date, until: Date): AsyncGenerator<PastEvent> {
    let after: Pick<Row, 'mark' | 'eventId'> = {
      mark: since.toISOString(),
      eventId: '00000000-0000-0000-0000-000000000000',
    };
    for (;;) {
      const rows = await this.store.query<Row>(
        `SELECT event_id AS "eventId", at::text AS mark, extract(epoch FROM at)::float * 1000 AS "atMs", alerts, state FROM alert_history
         WHERE (at, event_id) > ($1::timestamptz, $2::uuid) AND at < $3 ORDER BY at, event_id LIMIT ${pageSize}`,
        [after.mark, after.eventId, until],
      );
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageSize) return;
      after = last;
    }
  }

  /** Alerts that fired at a moment. Those that ended over a day ago are no longer stored. */
  async firingAt(moment: Date): Promise<PastAlert[]> {
    return this.store.query<PastAlert>(
      `SELECT encode(identity_hash, 'hex') AS identity, labels, 'firing' AS status FROM alert
       WHERE starts_at < $1 AND (status = 'firing' OR changed_at >= $1)`,
      [moment],
    );
  }
}

async function addAll(tx: Transaction, all: readonly HistoryEntry[]): Promise<void[]> {
  const rows = all.map(({ alerts, ...told }) => ({
    ...told,
    alerts: alerts.map((alert) => ({ identity: alertId(alert), labels: alert.labels, status: alert.status })),
  }));
  await tx.query(
    `INSERT INTO alert_history (event_id, alerts, state)
     SELECT "eventId", alerts, state FROM jsonb_to_recordset($1) AS row ("eventId" uuid, alerts jsonb, state jsonb)
     ON CONFLICT DO NOTHING`,
    [json(rows)],
  );
  return all.map(() => undefined);
}
