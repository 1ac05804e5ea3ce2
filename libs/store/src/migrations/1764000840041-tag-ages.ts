import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Index for the newest tags of a repository. */
export class TagAges1764000840041 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('CREATE INDEX tag_ledger_at_ix ON tag_ledger (connection, repository, at)');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX tag_ledger_at_ix');
  }
}
