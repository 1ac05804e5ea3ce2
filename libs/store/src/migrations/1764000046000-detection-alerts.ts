import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Table of alerts of detection rules, for the incident builder and for display. */
export class DetectionAlerts1764000046000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE detection_alert (
        id text CONSTRAINT detection_alert_pk PRIMARY KEY, -- of the rule and its events: a replay adds nothing
        number bigserial NOT NULL,
        rule text NOT NULL,
        severity text NOT NULL,
        alert jsonb NOT NULL,
        incident_id uuid,
        turn bigint, -- in which turn the builder of incidents took it
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE UNIQUE INDEX detection_alert_number_ux ON detection_alert (number);
      CREATE INDEX detection_alert_waiting_ix ON detection_alert (number) WHERE turn IS NULL;
      CREATE INDEX detection_alert_turn_ix ON detection_alert (turn, number) WHERE turn IS NOT NULL;
      CREATE INDEX detection_alert_incident_ix ON detection_alert (incident_id);
      CREATE INDEX detection_alert_age_ix ON detection_alert (created_at);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE detection_alert');
  }
}
