import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Publication time of advisories, which shows whether a build could have known of one. */
export class AdvisoryPublished1764000022000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE advisory ADD COLUMN published timestamptz');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE advisory DROP COLUMN published');
  }
}
