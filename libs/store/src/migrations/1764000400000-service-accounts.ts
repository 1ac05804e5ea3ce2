import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Service accounts with roles, which replace the scopes of tokens. */
export class ServiceAccounts1764000400000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE service_account (
        id uuid CONSTRAINT service_account_pk PRIMARY KEY,
        name text NOT NULL CONSTRAINT service_account_name_ux UNIQUE,
        role text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      -- Each token belongs to an account of its name, with the most of what tokens of that name may.
      -- The first token of an installation could do everything.
      INSERT INTO service_account (id, name, role)
        SELECT gen_random_uuid(), name, CASE
          WHEN bool_or(name = 'bootstrap' AND scope = 'write') THEN 'admin'
          WHEN bool_or(scope = 'write') THEN 'maintainer'
          WHEN bool_or(scope = 'read') THEN 'viewer'
          ELSE 'gate' END
        FROM api_token WHERE revoked_at IS NULL GROUP BY name;
      ALTER TABLE api_token ADD service_account_id uuid
        CONSTRAINT api_token_service_account_fk REFERENCES service_account ON DELETE CASCADE;
      UPDATE api_token AS token SET service_account_id = account.id
        FROM service_account AS account WHERE account.name = token.name AND token.revoked_at IS NULL;
      CREATE INDEX api_token_service_account_ix ON api_token (service_account_id);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE api_token DROP service_account_id; DROP TABLE service_account');
  }
}
