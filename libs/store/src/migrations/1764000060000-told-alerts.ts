import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Table of notified alerts for reminders while they fire, and the time of a group's next reminder.
 */
export class ToldAlerts1764000060000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE alert_group ADD remind_at timestamptz;
      CREATE INDEX alert_group_remind_ix ON alert_group (remind_at) WHERE remind_at IS NOT NULL;

      CREATE TABLE told_alert (
        group_key text NOT NULL CONSTRAINT told_alert_group_fk REFERENCES alert_group ON DELETE CASCADE,
        identity_hash bytea NOT NULL CONSTRAINT told_alert_alert_fk REFERENCES alert ON DELETE CASCADE,
        alert jsonb NOT NULL, -- as it was told: its identity and its annotations
        delivery_id uuid NOT NULL, -- by which it was told last
        CONSTRAINT told_alert_pk PRIMARY KEY (group_key, identity_hash)
      );
      CREATE INDEX told_alert_alert_ix ON told_alert (identity_hash);

      ALTER TABLE delivery ADD reply_to text;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE delivery DROP reply_to;
      DROP TABLE told_alert;
      ALTER TABLE alert_group DROP remind_at;
    `);
  }
}
