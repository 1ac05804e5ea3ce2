import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Table of API tokens. Only hashes are stored. */
export class ApiTokens1764000006000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE api_token (
        id uuid CONSTRAINT api_token_pk PRIMARY KEY,
        name text NOT NULL,
        hash bytea NOT NULL CONSTRAINT api_token_hash_ux UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz,
        last_used_at timestamptz,
        revoked_at timestamptz
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE api_token');
  }
}
