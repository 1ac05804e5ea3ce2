import { Injectable } from '@nestjs/common';
import type { DetectionAlert } from '@tidewaiter/detection';

import { json } from '../core/storable.js';
import { Store, type Transaction } from '../core/store.js';

/** Incident that an alert is part of. */
export interface AlertMembership {
  alertId: string;
  incidentId: string;
}

/**
 * Alerts of detection rules: written by the readers of runtime events, taken by the incident
 * builder.
 */
@Injectable()
export class DetectionAlerts {
  constructor(private readonly store: Store) {}

  /** Adds alerts; returns how many are new. Existing ones, as after a replay, stay unchanged. */
  async add(tx: Transaction, alerts: readonly DetectionAlert[]): Promise<number> {
    const added = await tx.query(
      `INSERT INTO detection_alert (id, rule, severity, alert)
       SELECT id, rule, severity, alert FROM unnest($1::text[], $2::text[], $3::text[], $4::jsonb[]) AS alert (id, rule, severity, alert)
       ON CONFLICT (id) DO NOTHING RETURNING id`,
      [
        alerts.map(({ id }) => id),
        alerts.map(({ rule }) => rule.title),
        alerts.map(({ severity }) => severity),
        alerts.map(json),
      ],
    );
    return added.length;
  }

  /** The oldest alerts that the builder has not taken. */
  async waiting(limit: number): Promise<DetectionAlert[]> {
    const rows = await this.store.aggregate<{ alert: DetectionAlert }>(
      'SELECT alert FROM detection_alert WHERE turn IS NULL ORDER BY number LIMIT $1',
      [limit],
    );
    return rows.map(({ alert }) => alert);
  }

  /** Marks alerts as taken in a turn of the builder, in the transaction of its effects. */
  async taken(tx: Transaction, turn: number, alertIds: readonly string[]): Promise<void> {
    await tx.query('UPDATE detection_alert SET turn = $1 WHERE id = ANY($2::text[]) AND turn IS NULL', [
      turn,
      alertIds,
    ]);
  }

  /** Records the incidents that alerts have become part of. */
  async joined(tx: Transaction, memberships: readonly AlertMembership[]): Promise<void> {
    if (memberships.length === 0) return;
    await tx.query(
      `UPDATE detection_alert SET incident_id = joined.incident_id
       FROM unnest($1::text[], $2::uuid[]) AS joined (id, incident_id)
       WHERE detection_alert.id = joined.id AND detection_alert.incident_id IS DISTINCT FROM joined.incident_id`,
      [memberships.map(({ alertId }) => alertId), memberships.map(({ incidentId }) => incidentId)],
    );
  }

  /** Alerts taken after a turn, by turn, for a builder that replays them on top of a snapshot. */
  async takenAfter(turn: number, limit: number): Promise<{ turn: number; alerts: DetectionAlert[] }[]> {
    const rows = await this.store.aggregate<{ turn: number; alert: DetectionAlert }>(
      `SELECT turn::float AS turn, alert FROM detection_alert
       WHERE turn > $1 AND turn <= (SELECT max(turn) FROM (SELECT turn FROM detection_alert WHERE turn > $1 ORDER BY turn LIMIT $2) AS next)
       ORDER BY turn, number`,
      [turn, limit],
    );
    const turns = new Map<number, DetectionAlert[]>();
    for (const row of rows) turns.set(row.turn, [...(turns.get(row.turn) ?? []), row.alert]);
    return [...turns].map(([number, alerts]) => ({ turn: number, alerts }));
  }
}
