import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Names of the code in the programs of a layer, by which vulnerable functions are looked up. */
export class LinkedPrograms1764000730000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE layer ADD COLUMN linked_programs text[]');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE layer DROP COLUMN linked_programs');
  }
}
