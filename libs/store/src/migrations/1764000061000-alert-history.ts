import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Table of all alerts before routing, to replay them through another routing.yaml later. */
export class AlertHistory1764000061000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE alert_history (
        event_id uuid CONSTRAINT alert_history_pk PRIMARY KEY, -- an event that comes again adds nothing
        at timestamptz NOT NULL DEFAULT now(),
        alerts jsonb NOT NULL,
        state jsonb
      );
      CREATE INDEX alert_history_at_ix ON alert_history (at, event_id);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE alert_history');
  }
}
