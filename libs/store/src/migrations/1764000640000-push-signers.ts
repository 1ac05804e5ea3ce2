import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Version of the signers by which the signatures of a push were verified: another version requires
 * a new verification.
 */
export class PushSigners1764000640000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`ALTER TABLE push ADD COLUMN signers_version text NOT NULL DEFAULT ''`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE push DROP COLUMN signers_version');
  }
}
