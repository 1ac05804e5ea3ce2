import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Number of requeues of a job without an attempt, which use up none of its tries. */
export class JobsPutBack1764000064000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE job ADD put_back integer NOT NULL DEFAULT 0');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE job DROP put_back');
  }
}
