import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Index for verdicts that wait for advisories of an ecosystem. */
export class PushWarnings1764000029000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('CREATE INDEX push_warnings_ix ON push USING gin (warnings jsonb_path_ops)');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX push_warnings_ix');
  }
}
