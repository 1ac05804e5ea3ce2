import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When an advisory was published, which says whether an image could have known. */
export class AdvisoryPublished1764000022000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE advisory ADD COLUMN published timestamptz');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE advisory DROP COLUMN published');
  }
}
