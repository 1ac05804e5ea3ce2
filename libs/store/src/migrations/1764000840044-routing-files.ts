import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Text of the `routing.yaml` in effect, without its secrets. */
export class RoutingFiles1764000840044 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE service_configuration ADD COLUMN routing text');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE service_configuration DROP COLUMN routing');
  }
}
