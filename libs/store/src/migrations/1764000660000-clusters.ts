import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Clusters with their agents: join tokens, credentials and what the agents report. */
export class Clusters1764000660000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE cluster (
        id uuid CONSTRAINT cluster_pk PRIMARY KEY,
        name text NOT NULL CONSTRAINT cluster_name_ux UNIQUE,
        created_at timestamptz NOT NULL DEFAULT now(),
        join_hash bytea,
        join_expires_at timestamptz,
        joined_at timestamptz,
        credential_hash bytea,
        credential_expires_at timestamptz,
        previous_hash bytea,
        previous_expires_at timestamptz,
        agent_version text,
        agent_instance text,
        heard_at timestamptz,
        last_event_at timestamptz,
        lag_ms bigint NOT NULL DEFAULT 0,
        waiting_bytes bigint NOT NULL DEFAULT 0,
        dropped jsonb NOT NULL DEFAULT '{}',
        problems jsonb NOT NULL DEFAULT '{}'
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE cluster');
  }
}
