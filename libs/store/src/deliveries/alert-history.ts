import { Injectable } from '@nestjs/common';
import type { Alert, Labels } from '@tidewaiter/domain';
import type { PastAlert, PastEvent } from '@tidewaiter/routing';

import { columnsOf, type RowOf } from '../core/columns.js';
import { recordsetOf } from '../core/row-sets.js';
import { Store, type Transaction } from '../core/store.js';
import { TransactionBatcher } from '../core/transaction-batcher.js';
import { AlertHistoryRow } from './alert-rows.js';
import { alertId } from './firing-alerts.js';

/**
 * Events of one page. An event has thousands of alerts at most, so that a page fits into memory.
 */
const pageSize = 25;

const columns = columnsOf(AlertHistoryRow, { omit: ['at'] }).computed<{
  /** Exact time, as the cursor of the next page. */
  mark: string;
  atMs: number;
}>({ mark: 'at::text', atMs: 'extract(epoch FROM at)::float * 1000' });
const added = recordsetOf(AlertHistoryRow, ['eventId', 'alerts', 'state']);

type Row = RowOf<typeof columns>;

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
  async add(tx: Transaction, entry: HistoryEntry): Promise<void> {
    if (entry.alerts.length > 0) await this.#added.add(tx, entry);
  }

  /** Start of the history; null while it is empty. */
  async start(): Promise<Date | null> {
    const [row] = await this.store.aggregate<{ at: Date | null }>('SELECT min(at) AS at FROM alert_history');
    return row?.at ?? null;
  }

  /** Events of a period, oldest first. */
  async *between(since: Date, until: Date): AsyncGenerator<PastEvent> {
    let after: Pick<Row, 'mark' | 'eventId'> = {
      mark: since.toISOString(),
      eventId: '00000000-0000-0000-0000-000000000000',
    };
    for (;;) {
      const rows = await this.store.rows(
        columns,
        `FROM alert_history
         WHERE (at, event_id) > ($1::timestamptz, $2::uuid) AND at < $3 ORDER BY at, event_id LIMIT ${pageSize}`,
        [after.mark, after.eventId, until],
      );
      yield* rows;
      const last = rows.at(-1);
      if (last === undefined || rows.length < pageSize) return;
      after = last;
    }
  }

  /**
   * Labels of the alerts that fired since a time, each alert once.
   * @param limit largest number of alerts to read
   */
  async firedSince(since: Date, limit: number): Promise<Labels[]> {
    const rows = await this.store.aggregate<{ labels: Labels }>(
      `SELECT DISTINCT ON (alert ->> 'identity') alert -> 'labels' AS labels
       FROM alert_history, jsonb_array_elements(alerts) AS alert
       WHERE at >= $1 AND alert ->> 'status' = 'firing' ORDER BY alert ->> 'identity', at DESC LIMIT $2`,
      [since, limit],
    );
    return rows.map(({ labels }) => labels);
  }

  /** Alerts that fired at a moment. Those that ended over a day ago are no longer stored. */
  async firingAt(moment: Date): Promise<PastAlert[]> {
    return this.store.aggregate<PastAlert>(
      `SELECT encode(identity_hash, 'hex') AS identity, labels, 'firing' AS status FROM alert
       WHERE starts_at < $1 AND (status = 'firing' OR changed_at >= $1)`,
      [moment],
    );
  }
}

async function addAll(tx: Transaction, all: readonly HistoryEntry[]): Promise<void[]> {
  const rows = all.map(({ alerts, ...entry }) => ({
    ...entry,
    alerts: alerts.map((alert) => ({ identity: alertId(alert), labels: alert.labels, status: alert.status })),
  }));
  await tx.query(
    `INSERT INTO alert_history (${added.columns}) SELECT ${added.values} FROM ${added.table} ON CONFLICT DO NOTHING`,
    added.parameters(rows),
  );
  return all.map(() => undefined);
}
