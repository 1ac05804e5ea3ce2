import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Names and values that users and operators read, in the terms of the glossary. */
export class PlainWords1764000220000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE told_alert RENAME TO notified_alert;
      ALTER TABLE notified_alert RENAME CONSTRAINT told_alert_pk TO notified_alert_pk;
      ALTER TABLE notified_alert RENAME CONSTRAINT told_alert_group_fk TO notified_alert_group_fk;
      ALTER TABLE notified_alert RENAME CONSTRAINT told_alert_alert_fk TO notified_alert_alert_fk;
      ALTER INDEX told_alert_alert_ix RENAME TO notified_alert_alert_ix;
      ALTER TABLE alert_group RENAME told_at TO notified_at;
      ALTER TABLE alert_group RENAME is_quiet TO is_muted;
      ALTER TABLE container_ledger RENAME said_digests TO claimed_digests;
      ALTER TABLE workload_object RENAME judgement TO evaluation;
      ALTER TABLE exploitation_news RENAME TO exploitation_change;
      ALTER TABLE exploitation_change RENAME CONSTRAINT exploitation_news_pk TO exploitation_change_pk;
      ALTER INDEX exploitation_news_waiting_ix RENAME TO exploitation_change_waiting_ix;
      ALTER TABLE push ALTER origin SET DEFAULT 'hook';
      UPDATE push SET origin = CASE origin WHEN 'told' THEN 'hook' ELSE 'reconciled' END WHERE origin IN ('told', 'missed');
      UPDATE delivery SET code = 'CHANNEL_CIRCUIT_OPEN' WHERE code = 'CHANNEL_RESTING';
      UPDATE job SET queue = 'reevaluate' WHERE queue = 'rejudge';
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      UPDATE job SET queue = 'rejudge' WHERE queue = 'reevaluate';
      UPDATE delivery SET code = 'CHANNEL_RESTING' WHERE code = 'CHANNEL_CIRCUIT_OPEN';
      UPDATE push SET origin = CASE origin WHEN 'hook' THEN 'told' ELSE 'missed' END WHERE origin IN ('hook', 'reconciled');
      ALTER TABLE push ALTER origin SET DEFAULT 'told';
      ALTER INDEX exploitation_change_waiting_ix RENAME TO exploitation_news_waiting_ix;
      ALTER TABLE exploitation_change RENAME CONSTRAINT exploitation_change_pk TO exploitation_news_pk;
      ALTER TABLE exploitation_change RENAME TO exploitation_news;
      ALTER TABLE workload_object RENAME evaluation TO judgement;
      ALTER TABLE container_ledger RENAME claimed_digests TO said_digests;
      ALTER TABLE alert_group RENAME is_muted TO is_quiet;
      ALTER TABLE alert_group RENAME notified_at TO told_at;
      ALTER INDEX notified_alert_alert_ix RENAME TO told_alert_alert_ix;
      ALTER TABLE notified_alert RENAME CONSTRAINT notified_alert_alert_fk TO told_alert_alert_fk;
      ALTER TABLE notified_alert RENAME CONSTRAINT notified_alert_group_fk TO told_alert_group_fk;
      ALTER TABLE notified_alert RENAME CONSTRAINT notified_alert_pk TO told_alert_pk;
      ALTER TABLE notified_alert RENAME TO told_alert;
    `);
  }
}
