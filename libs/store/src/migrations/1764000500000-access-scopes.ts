import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Parts of the fleet that limit accounts and users; null without limits. */
export class AccessScopes1764000500000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE service_account ADD COLUMN scopes jsonb;
      ALTER TABLE console_user ADD COLUMN group_scopes jsonb, ADD COLUMN assigned_scopes jsonb;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE console_user DROP COLUMN group_scopes, DROP COLUMN assigned_scopes;
      ALTER TABLE service_account DROP COLUMN scopes;
    `);
  }
}
