import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Orders to delete the data of a repository or a cluster. */
export class Removals1764000682000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE removal (
        id uuid CONSTRAINT removal_pk PRIMARY KEY,
        kind text NOT NULL,
        connection text,
        name text NOT NULL,
        requested_at timestamptz NOT NULL DEFAULT now(),
        state text NOT NULL DEFAULT 'waiting',
        deleted jsonb NOT NULL DEFAULT '{}',
        kept jsonb NOT NULL DEFAULT '{}',
        next_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz
      );
      CREATE INDEX removal_due_ix ON removal (next_at) WHERE state <> 'done';
      CREATE TABLE removal_image (
        removal_id uuid NOT NULL CONSTRAINT removal_image_removal_fk REFERENCES removal ON DELETE CASCADE,
        image_digest text NOT NULL,
        CONSTRAINT removal_image_pk PRIMARY KEY (removal_id, image_digest)
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE removal_image, removal');
  }
}
