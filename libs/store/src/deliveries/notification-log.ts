import { Injectable } from '@nestjs/common';
import type { Alert } from '@tidewaiter/domain';

import { columnsOf, type RowOf } from '../core/columns.js';
import { json } from '../core/storable.js';
import { Store, type Transaction } from '../core/store.js';
import { TransactionBatcher } from '../core/transaction-batcher.js';
import { AlertRow, NotifiedAlertRow } from './alert-rows.js';
import { DeliveryRow } from './delivery-rows.js';
import { alertId } from './firing-alerts.js';

/** A notified alert of a group that still fires, with its current labels. */
export interface NotifiedAlert extends Pick<NotifiedAlertRow, 'alert' | 'deliveryId'> {
  /** Start of firing. */
  since: Date;
}

const notifiedColumns = columnsOf(NotifiedAlertRow, { of: 'notified_alert', only: ['alert', 'deliveryId'] })
  .and(columnsOf(AlertRow, { of: 'alert', only: ['labels'] }))
  .computed<{ since: Date }>({ since: 'starts_at' });

const deliveryColumns = columnsOf(DeliveryRow, {
  of: 'alike',
  only: [
    'id',
    'eventId',
    'receiver',
    'channel',
    'integration',
    'route',
    'groupKey',
    'groupLabels',
    'state',
    'reference',
    'finishedAt',
    'message',
    'subject',
  ],
}).computed<{
  /** Newest revision of the subject over all channels. */
  revision: number | null;
}>({ revision: '(SELECT max(revision) FROM delivery AS state WHERE state.subject = alike.subject)' });

/** A delivery about an alert, with its outcome. */
export interface AlertDelivery<Message> extends Omit<RowOf<typeof deliveryColumns>, 'message'> {
  message: Message;
}

/** Alerts and deliveries of a group to remind of. */
export interface ReminderGroup<Message> {
  alerts: NotifiedAlert[];
  /** Deliveries with the alerts, to each channel, newest first. */
  deliveries: AlertDelivery<Message>[];
}

/** Limits on the alerts of a group and on their deliveries. */
const [maxAlerts, maxDeliveries] = [5_000, 500];

/** Notified alerts of a group, with the time until the reminder. */
interface NotifiedGroup {
  key: string;
  alerts: readonly Alert[];
  deliveryId: string;
  againInMs: number;
}

/** Alerts to remind groups of while they fire, for routes with a repeat interval. */
@Injectable()
export class NotificationLog {
  readonly #added = new TransactionBatcher(addAll);

  constructor(private readonly store: Store) {}

  /**
   * Records notified alerts of a group and schedules its reminder, which also covers earlier
   * alerts.
   */
  async add(tx: Transaction, key: string, notified: Omit<NotifiedGroup, 'key'>): Promise<void> {
    await this.#added.add(tx, { key, ...notified });
  }

  /** Schedules the next reminder of the group. */
  async again(tx: Transaction, key: string, inMs: number): Promise<void> {
    await tx.query(`UPDATE alert_group SET remind_at = now() + $2 * interval '1 millisecond' WHERE key = $1`, [
      key,
      inMs,
    ]);
  }

  /** Whether a reminder is due. */
  async areDue(): Promise<boolean> {
    return (await this.store.query('SELECT FROM alert_group WHERE remind_at <= now() LIMIT 1')).length > 0;
  }

  /**
   * Claims a group whose reminder is due and that no other transaction has locked; null when there
   * is none.
   */
  async nextDue(tx: Transaction): Promise<string | null> {
    const [group] = await tx.aggregate<{ key: string }>(
      `UPDATE alert_group SET remind_at = NULL WHERE key = (
         SELECT key FROM alert_group WHERE remind_at <= now() ORDER BY remind_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING key`,
    );
    return group?.key ?? null;
  }

  /** Notified alerts of a group that still fire, with their deliveries. */
  async of<Message>(tx: Transaction, key: string): Promise<ReminderGroup<Message>> {
    const notified = await tx.rows(
      notifiedColumns,
      `FROM notified_alert JOIN alert USING (identity_hash) LEFT JOIN delivery ON delivery.id = delivery_id
       WHERE notified_alert.group_key = $1 AND status = 'firing' ORDER BY delivery.number DESC NULLS LAST LIMIT ${maxAlerts}`,
      [key],
    );
    const alerts = notified.map(({ labels, ...each }) => ({ ...each, alert: { ...each.alert, labels } }));
    return { alerts, deliveries: await deliveriesOf<Message>(tx, new Set(alerts.map(({ deliveryId }) => deliveryId))) };
  }
}

async function addAll(tx: Transaction, all: readonly NotifiedGroup[]): Promise<void[]> {
  const rows = all
    .flatMap(({ key, alerts, deliveryId }) => alerts.map((alert) => ({ key, id: alertId(alert), alert, deliveryId })))
    .map((row, position) => ({ ...row, position }));
  await tx.query(
    `UPDATE alert_group SET remind_at = now() + reminder.ms * interval '1 millisecond'
     FROM (SELECT key, max(ms) AS ms FROM unnest($1::text[], $2::float8[]) AS given (key, ms) GROUP BY key) AS reminder
     WHERE alert_group.key = reminder.key`,
    [all.map(({ key }) => key), all.map(({ againInMs }) => againInMs)],
  );
  await tx.query(
    // If one batch contains an alert of a group twice, the last delivery counts.
    `INSERT INTO notified_alert (group_key, identity_hash, alert, delivery_id)
     SELECT DISTINCT ON (key, id) key, decode(id, 'hex'), alert, "deliveryId"
     FROM jsonb_to_recordset($1) AS row (key text, id text, alert jsonb, "deliveryId" uuid, position int) ORDER BY key, id, position DESC
     ON CONFLICT (group_key, identity_hash) DO UPDATE SET alert = EXCLUDED.alert, delivery_id = EXCLUDED.delivery_id`,
    [json(rows)],
  );
  return all.map(() => undefined);
}

/** These deliveries, and those of the same message to other channels of the receiver. */
async function deliveriesOf<Message>(tx: Transaction, ids: ReadonlySet<string>): Promise<AlertDelivery<Message>[]> {
  const deliveries = await tx.rows(
    deliveryColumns,
    `FROM (SELECT * FROM delivery WHERE id = ANY($1) ORDER BY number DESC LIMIT ${maxDeliveries}) AS notified
     JOIN delivery AS alike ON alike.event_id = notified.event_id AND alike.receiver = notified.receiver AND alike.group_key = notified.group_key
     ORDER BY alike.number DESC`,
    [[...ids]],
  );
  return deliveries as AlertDelivery<Message>[];
}
