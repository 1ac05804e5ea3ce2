import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Number of crashed readers of the message that a lease names. */
export class LeaseAttempts1764000830000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE detector_lease ADD COLUMN attempts integer NOT NULL DEFAULT 0');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE detector_lease DROP COLUMN attempts');
  }
}
