import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Image settings that the pods of containers override. */
export class ContainerOverrides1764000073000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE container_ledger ADD overrides text[]');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE container_ledger DROP overrides');
  }
}
