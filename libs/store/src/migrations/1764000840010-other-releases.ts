import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Releases that a package may be of beside its own, where its image leaves several. */
export class OtherReleases1764000840010 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`ALTER TABLE package ADD COLUMN other_releases text[] NOT NULL DEFAULT '{}'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE package DROP COLUMN other_releases');
  }
}
