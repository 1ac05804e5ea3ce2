import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Managed entries that the files of a process override. */
export class OverriddenEntries1764000520001 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`ALTER TABLE service_configuration ADD COLUMN overridden text[] NOT NULL DEFAULT '{}'`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE service_configuration DROP COLUMN overridden');
  }
}
