import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Number of commits of a lease's holders, by which one recognizes a restored copy. */
export class LeaseCommits1764000340001 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE detector_lease ADD COLUMN commits bigint NOT NULL DEFAULT 0');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE detector_lease DROP COLUMN commits');
  }
}
