import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Mark of a running job whose work was enqueued again meanwhile. */
export class JobAgain1764000310000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE job ADD again boolean NOT NULL DEFAULT false');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE job DROP again');
  }
}
