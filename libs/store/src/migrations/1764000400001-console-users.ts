import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Users, their sessions, and the link that makes the first administrator. */
export class ConsoleUsers1764000400001 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE console_user (
        id uuid CONSTRAINT console_user_pk PRIMARY KEY,
        issuer text NOT NULL,
        subject text NOT NULL,
        name text NOT NULL CONSTRAINT console_user_name_ux UNIQUE,
        email text,
        group_role text,
        assigned_role text,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_sign_in_at timestamptz,
        disabled_at timestamptz,
        CONSTRAINT console_user_subject_ux UNIQUE (issuer, subject)
      );

      CREATE TABLE console_session (
        id uuid CONSTRAINT console_session_pk PRIMARY KEY,
        hash bytea NOT NULL CONSTRAINT console_session_hash_ux UNIQUE,
        user_id uuid CONSTRAINT console_session_user_fk REFERENCES console_user ON DELETE CASCADE,
        token_id uuid CONSTRAINT console_session_token_fk REFERENCES api_token ON DELETE CASCADE,
        provider_session text,
        id_token text,
        address text NOT NULL,
        user_agent text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        last_used_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        ended_at timestamptz
      );
      CREATE INDEX console_session_user_ix ON console_session (user_id);
      CREATE INDEX console_session_token_ix ON console_session (token_id);

      CREATE TABLE setup_link (
        hash bytea CONSTRAINT setup_link_pk PRIMARY KEY,
        expires_at timestamptz NOT NULL
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE setup_link, console_session, console_user');
  }
}
