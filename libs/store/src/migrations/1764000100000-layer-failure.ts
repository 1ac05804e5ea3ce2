import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Layers that could not be read, by the repository that was asked, and which of an image's layers
 * its analysis lacks.
 */
export class LayerFailure1764000100000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`ALTER TABLE image ADD unread_layers integer[] NOT NULL DEFAULT '{}'`);
    await db.query(`CREATE TABLE layer_failure (
      blob_digest text NOT NULL,
      size_bytes bigint NOT NULL,
      diff_id text NOT NULL,
      connection text NOT NULL,
      repository text NOT NULL,
      code text NOT NULL,
      limit_name text,
      reason text NOT NULL,
      reader text NOT NULL,
      failed_at timestamptz NOT NULL DEFAULT now(),
      CONSTRAINT layer_failure_pk PRIMARY KEY (blob_digest, size_bytes, diff_id, connection, repository)
    )`);
    await db.query('CREATE INDEX layer_failure_repository_ix ON layer_failure (connection, repository)');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE layer_failure');
    await db.query('ALTER TABLE image DROP unread_layers');
  }
}
