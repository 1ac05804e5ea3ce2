import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Baseline of a push with its reason: the previous digest of its tag, or the release before it. */
export class PushBaseline1764000140000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE push ADD compared_with jsonb');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE push DROP compared_with');
  }
}
