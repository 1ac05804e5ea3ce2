import type { MigrationInterface, QueryRunner } from 'typeorm';

/** By which rules a push was judged: another version of them, or an exception that has ended, means another verdict. */
export class PushRules1764000027000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`ALTER TABLE push ADD COLUMN rules_version text NOT NULL DEFAULT ''`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE push DROP COLUMN rules_version');
  }
}
