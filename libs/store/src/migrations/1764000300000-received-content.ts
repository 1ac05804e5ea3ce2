import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Bodies without id or time are the same for every push of a tag: only the last one is compared,
 * for a short time.
 */
export class ReceivedContent1764000300000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE received ADD COLUMN content text');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE received DROP COLUMN content');
  }
}
