import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Keeps the time of the evaluation that a report was made from. */
export class ReportAges1764000840030 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE report_run ADD COLUMN as_of timestamptz');
    await db.query('UPDATE report_run SET as_of = made_at');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE report_run DROP COLUMN as_of');
  }
}
