import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Columns for policies about the build of an image: age of its base, and user that it runs as. */
export class ImageBuild1764000026000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE image ADD COLUMN base_created_at timestamptz, ADD COLUMN run_user text');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE image DROP COLUMN base_created_at, DROP COLUMN run_user');
  }
}
