import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Version of the rules of a verdict: another version, or an exception that has ended, requires a
 * new verdict.
 */
export class PushRules1764000027000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`ALTER TABLE push ADD COLUMN rules_version text NOT NULL DEFAULT ''`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE push DROP COLUMN rules_version');
  }
}
