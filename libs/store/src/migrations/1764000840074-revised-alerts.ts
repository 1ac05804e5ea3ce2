import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Index of alerts that take the place of others, which lists leave out. */
export class RevisedAlerts1764000840074 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE INDEX detection_alert_revises_ix ON detection_alert ((alert ->> 'revises'), number) WHERE alert ? 'revises';
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX detection_alert_revises_ix');
  }
}
