import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lets the agent whose answer was lost join again with its token. */
export class RepeatedJoins1764000840020 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE cluster ADD COLUMN repeated_join_hash bytea');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE cluster DROP COLUMN repeated_join_hash');
  }
}
