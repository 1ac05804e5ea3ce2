import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Sign-ins of command lines that wait for the approval of a user in the browser. */
export class DeviceLogins1764000530000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE device_login (
        hash bytea CONSTRAINT device_login_pk PRIMARY KEY,
        user_code text NOT NULL CONSTRAINT device_login_user_code_ux UNIQUE,
        address text NOT NULL,
        user_agent text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        user_id uuid CONSTRAINT device_login_user_fk REFERENCES console_user ON DELETE CASCADE,
        token_id uuid CONSTRAINT device_login_token_fk REFERENCES api_token ON DELETE CASCADE
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE device_login');
  }
}
