import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Scope and unique name of API tokens. */
export class ApiTokenScope1764000065000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- Those that there are could do everything.
      ALTER TABLE api_token ADD scope text NOT NULL DEFAULT 'write';
      ALTER TABLE api_token ALTER scope DROP DEFAULT;
      CREATE UNIQUE INDEX api_token_name_ux ON api_token (name) WHERE revoked_at IS NULL;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX api_token_name_ux; ALTER TABLE api_token DROP scope');
  }
}
