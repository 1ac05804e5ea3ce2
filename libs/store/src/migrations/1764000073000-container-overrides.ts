import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What containers are started with in place of what their images say. */
export class ContainerOverrides1764000073000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE container_ledger ADD overrides text[]');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE container_ledger DROP overrides');
  }
}
