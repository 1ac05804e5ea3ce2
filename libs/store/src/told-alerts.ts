import { Injectable } from '@nestjs/common';
import type { Alert, Labels } from '@tidewaiter/domain';

import type { Delivery, NewDelivery } from './delivery.js';
import { alertId } from './firing-alerts.js';
import { Gathered } from './gathered.js';
import { json } from './storable.js';
import { Store, type Transaction } from './store.js';

/** An alert that a group was told of and that still fires, with the labels that it has by now. */
export interface ToldAlert {
  alert: Alert;
  /** Since when it fires. */
  since: Date;
  /** By which the group was told last. */
  deliveryId: string;
}

/** What a channel was told, and what became of it. */
export interface ToldDelivery<Message>
  extends
    Pick<
      NewDelivery<Message>,
      'eventId' | 'receiver' | 'channel' | 'integration' | 'route' | 'groupKey' | 'groupLabels'
    >,
    Pick<Delivery<Message>, 'id' | 'state' | 'reference' | 'finishedAt' | 'message'> {
  subject: string | null;
  /** The newest state of the subject that any channel was told. */
  revision: number | null;
}

/** What there is to say again to a group. */
export interface Retelling<Message> {
  alerts: ToldAlert[];
  /** Those by which the alerts were told, to each channel; the newest first. */
  deliveries: ToldDelivery<Message>[];
}

/** Alerts of a group that are looked at, and messages by which they were told. */
const [maxAlerts, maxDeliveries] = [5_000, 500];

/** What a group is told, and after which time again. */
interface Told {
  key: string;
  alerts: readonly Alert[];
  deliveryId: string;
  againInMs: number;
}

/** What groups are told again while it still fires: only those of routes that say after which time. */
@Injectable()
export class ToldAlerts {
  readonly #added = new Gathered(addAll);

  constructor(private readonly store: Store) {}

  /** Notes what a group is told of, and after which time again; what it was told before counts from now, too. */
  async add(tx: Transaction, key: string, told: Omit<Told, 'key'>): Promise<void> {
    await this.#added.add(tx, { key, ...told });
  }

  /** Sets when the group is told again. */
  async again(tx: Transaction, key: string, inMs: number): Promise<void> {
    await tx.query(`UPDATE alert_group SET remind_at = now() + $2 * interval '1 millisecond' WHERE key = $1`, [
      key,
      inMs,
    ]);
  }

  /** Whether there is a group that is to be told again. */
  async areDue(): Promise<boolean> {
    return (await this.store.query('SELECT FROM alert_group WHERE remind_at <= now() LIMIT 1')).length > 0;
  }

  /** Takes a group that is to be told again, which nobody else has taken; null when there is none. */
  async nextDue(tx: Transaction): Promise<string | null> {
    const [group] = await tx.query<{ key: string }>(
      `UPDATE alert_group SET remind_at = NULL WHERE key = (
         SELECT key FROM alert_group WHERE remind_at <= now() ORDER BY remind_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING key`,
    );
    return group?.key ?? null;
  }

  /** What a group was told of and still fires. */
  async of<Message>(tx: Transaction, key: string): Promise<Retelling<Message>> {
    const told = await tx.query<ToldAlert & { labels: Labels }>(
      `SELECT told_alert.alert, alert.labels, starts_at AS since, delivery_id AS "deliveryId"
       FROM told_alert JOIN alert USING (identity_hash) WHERE group_key = $1 AND status = 'firing' ORDER BY delivery_id DESC LIMIT ${maxAlerts}`,
      [key],
    );
    const alerts = told.map(({ labels, ...each }) => ({ ...each, alert: { ...each.alert, labels } }));
    return { alerts, deliveries: await deliveriesOf<Message>(tx, new Set(alerts.map(({ deliveryId }) => deliveryId))) };
  }
}

async function addAll(tx: Transaction, all: readonly Told[]): Promise<void[]> {
  const rows = all.flatMap(({ key, alerts, deliveryId }) =>
    alerts.map((alert) => ({ key, id: alertId(alert), alert, deliveryId })),
  );
  await tx.query(
    `UPDATE alert_group SET remind_at = now() + told.ms * interval '1 millisecond'
     FROM (SELECT key, max(ms) AS ms FROM unnest($1::text[], $2::float8[]) AS given (key, ms) GROUP BY key) AS told
     WHERE alert_group.key = told.key`,
    [all.map(({ key }) => key), all.map(({ againInMs }) => againInMs)],
  );
  await tx.query(
    // Of what one moment tells a group twice, the last counts.
    `INSERT INTO told_alert (group_key, identity_hash, alert, delivery_id)
     SELECT DISTINCT ON (key, id) key, decode(id, 'hex'), alert, "deliveryId"
     FROM jsonb_to_recordset($1) AS row (key text, id text, alert jsonb, "deliveryId" uuid) ORDER BY key, id, "deliveryId" DESC
     ON CONFLICT (group_key, identity_hash) DO UPDATE SET alert = EXCLUDED.alert, delivery_id = EXCLUDED.delivery_id`,
    [json(rows)],
  );
  return all.map(() => undefined);
}

/** These deliveries, and those that told other channels of the receiver the same. */
async function deliveriesOf<Message>(tx: Transaction, ids: ReadonlySet<string>): Promise<ToldDelivery<Message>[]> {
  return tx.query<ToldDelivery<Message>>(
    `SELECT alike.id, alike.event_id AS "eventId", alike.receiver, alike.channel, alike.integration, alike.route,
       alike.group_key AS "groupKey", alike.group_labels AS "groupLabels", alike.state, alike.reference, alike.finished_at AS "finishedAt",
       alike.message, alike.subject,
       (SELECT max(revision) FROM delivery AS state WHERE state.subject = alike.subject) AS revision
     FROM (SELECT * FROM delivery WHERE id = ANY($1) ORDER BY id DESC LIMIT ${maxDeliveries}) AS told
     JOIN delivery AS alike ON alike.event_id = told.event_id AND alike.receiver = told.receiver AND alike.group_key = told.group_key
     ORDER BY alike.id DESC`,
    [[...ids]],
  );
}
