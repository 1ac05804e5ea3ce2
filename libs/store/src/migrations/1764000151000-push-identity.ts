import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Pusher, signers and builders of each push, from which the identity of a repository is learned.
 */
export class PushIdentity1764000151000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE push_identity (
        push_id uuid CONSTRAINT push_identity_pk PRIMARY KEY CONSTRAINT push_identity_push_fk REFERENCES push ON DELETE CASCADE,
        connection text NOT NULL,
        repository text NOT NULL,
        tag text NOT NULL,
        digest text NOT NULL,
        pushed_by text,
        is_version boolean NOT NULL,
        at timestamptz NOT NULL,
        identity jsonb NOT NULL,
        warnings jsonb NOT NULL DEFAULT '[]',
        signs text[] NOT NULL DEFAULT '{}',
        settled_at timestamptz,
        is_in_incident boolean NOT NULL DEFAULT false
      )`);
    await db.query('CREATE INDEX push_identity_repository_ix ON push_identity (connection, repository, at)');
    await db.query('CREATE INDEX push_identity_digest_ix ON push_identity (digest)');
    await db.query(
      `CREATE INDEX push_identity_actor_ix ON push_identity (connection, pushed_by, at) WHERE signs <> '{}'`,
    );
    await db.query(
      `CREATE INDEX push_identity_waiting_ix ON push_identity (at) WHERE signs <> '{}' AND settled_at IS NULL`,
    );
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE push_identity');
  }
}
