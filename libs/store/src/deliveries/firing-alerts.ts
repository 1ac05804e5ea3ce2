import { createHash } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import type { Alert, Labels } from '@tidewaiter/domain';

import { json } from '../core/storable.js';
import { Store, type Transaction } from '../core/store.js';
import { TransactionBatcher } from '../core/transaction-batcher.js';

/** An alert, identified by a hash of its identity. */
export interface FiringAlert {
  id: string;
  labels: Labels;
  status: Alert['status'];
}

/** Alerts that fire now. Resolved alerts are kept for a day. */
@Injectable()
export class FiringAlerts {
  readonly #recorded = new TransactionBatcher(async (tx: Transaction, lists: readonly (readonly Alert[])[]) => {
    await this.#record(tx, lists.flat());
    return lists.map(() => undefined);
  });

  readonly #firing = new TransactionBatcher(firingAmong);

  constructor(private readonly store: Store) {}

  /** Records the status of alerts. */
  async record(tx: Transaction, alerts: readonly Alert[]): Promise<void> {
    if (alerts.length > 0) await this.#recorded.add(tx, alerts);
  }

  async #record(tx: Transaction, alerts: readonly Alert[]): Promise<void> {
    const byId = new Map(alerts.map((alert) => [alertId(alert), alert]));
    const rows = [...byId].map(([id, { labels, status, startsAt }]) => ({ id, labels, status, startsAt }));
    await tx.query(
      `INSERT INTO alert (identity_hash, labels, status, starts_at, changed_at)
       SELECT decode(id, 'hex'), labels, status, "startsAt", clock_timestamp()
       FROM jsonb_to_recordset($1) AS row (id text, labels jsonb, status text, "startsAt" timestamptz) ORDER BY id
       ON CONFLICT (identity_hash) DO UPDATE SET labels = EXCLUDED.labels, status = EXCLUDED.status, changed_at = EXCLUDED.changed_at,
         -- Start of firing: each push of an image reports the alert anew.
         starts_at = CASE WHEN alert.status = 'firing' THEN least(alert.starts_at, EXCLUDED.starts_at) ELSE EXCLUDED.starts_at END`,
      [json(rows)],
    );
  }

  /**
   * Alerts that changed since a moment, or all firing ones if it is null.
   * @param overlapMs time before that moment to include, as a transaction open at that moment may
   * have committed since
   */
  async changedSince(since: Date | null, overlapMs = 0): Promise<{ alerts: FiringAlert[]; at: Date }> {
    // One condition for both would read all alerts for each event.
    const isWanted =
      since === null ? `status = 'firing'` : `changed_at > $1::timestamptz - $2 * interval '1 millisecond'`;
    const [changed] = await this.store.aggregate<{ alerts: FiringAlert[]; at: Date }>(
      // The time is that at which the statement began, so that nothing changes between the two.
      `SELECT statement_timestamp() AS at,
         coalesce(jsonb_agg(jsonb_build_object('id', encode(identity_hash, 'hex'), 'labels', labels, 'status', status)), '[]') AS alerts
       FROM alert WHERE ${isWanted}`,
      since === null ? [] : [since, overlapMs],
    );
    return changed!;
  }

  /** Ids of those alerts that fire now. */
  async firing(tx: Transaction, alerts: readonly Alert[]): Promise<Set<string>> {
    return this.#firing.add(tx, alerts.map(alertId));
  }

  /** Labels of an alert that fires; null if it does not. */
  async labelsOf(tx: Transaction, alert: Alert): Promise<Labels | null> {
    const [row] = await tx.aggregate<{ labels: Labels }>(
      `SELECT labels FROM alert WHERE status = 'firing' AND identity_hash = decode($1, 'hex')`,
      [alertId(alert)],
    );
    return row?.labels ?? null;
  }
}

/** Public id of an alert: a hash of its identity. */
export function alertId({ identity }: Alert): string {
  return createHash('sha256').update(identity).digest('hex');
}

async function firingAmong(tx: Transaction, lists: readonly (readonly string[])[]): Promise<Set<string>[]> {
  const rows = await tx.aggregate<{ id: string }>(
    `SELECT encode(identity_hash, 'hex') AS id FROM alert
     WHERE status = 'firing' AND identity_hash = ANY(SELECT decode(id, 'hex') FROM unnest($1::text[]) AS id)`,
    [lists.flat()],
  );
  const firing = new Set(rows.map(({ id }) => id));
  return lists.map((ids) => new Set(ids.filter((id) => firing.has(id))));
}
