import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Reports that are due or made. */
export class ReportRuns1764000690000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE report_run (
        id uuid CONSTRAINT report_run_pk PRIMARY KEY,
        report text NOT NULL,
        schedule text NOT NULL,
        period text NOT NULL,
        state text NOT NULL,
        requested_by text,
        settings jsonb,
        groups jsonb,
        total integer NOT NULL DEFAULT 0,
        problem text,
        created_at timestamptz NOT NULL DEFAULT now(),
        made_at timestamptz,
        CONSTRAINT report_run_period_ux UNIQUE (report, schedule, period)
      );
      CREATE INDEX report_run_due_ix ON report_run (created_at) WHERE state = 'due';
      CREATE INDEX report_run_made_ix ON report_run (report, made_at);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE report_run');
  }
}
