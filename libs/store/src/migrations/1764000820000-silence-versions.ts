import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Versions of silences, with their authors. The silences that there are begin with version 1. */
export class SilenceVersions1764000820000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE silence ADD COLUMN version integer NOT NULL DEFAULT 1;
      CREATE TABLE silence_version (
        silence_id uuid NOT NULL CONSTRAINT silence_version_silence_fk REFERENCES silence ON DELETE CASCADE,
        version integer NOT NULL,
        change text NOT NULL,
        matchers text[] NOT NULL,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        comment text NOT NULL,
        author text NOT NULL,
        at timestamptz NOT NULL,
        reason text,
        CONSTRAINT silence_version_pk PRIMARY KEY (silence_id, version)
      );
      INSERT INTO silence_version (silence_id, version, change, matchers, starts_at, ends_at, comment, author, at)
        SELECT id, 1, 'created', matchers, starts_at, ends_at, comment, created_by, created_at FROM silence;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP TABLE silence_version;
      ALTER TABLE silence DROP COLUMN version;
    `);
  }
}
