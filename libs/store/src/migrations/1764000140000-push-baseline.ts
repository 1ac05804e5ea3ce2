import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The image that a push was compared with, and why: what its tag pointed to before, or the release before it. */
export class PushBaseline1764000140000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE push ADD compared_with jsonb');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE push DROP compared_with');
  }
}
