import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Repository of a job and its turn there, and when each source was served and how fast it was. */
export class JobSources1764000310001 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE job
        ADD connection text NOT NULL DEFAULT '',
        ADD repository text NOT NULL DEFAULT '',
        ADD is_large boolean NOT NULL DEFAULT false,
        ADD is_resumed boolean NOT NULL DEFAULT false,
        ADD turn uuid;
      CREATE INDEX job_source_ix ON job (queue, class, connection, repository, is_large, is_resumed DESC, turn)
        WHERE state = 'queued' AND queue IN ('push', 'layer');
      CREATE TABLE job_source (
        queue text NOT NULL,
        connection text NOT NULL,
        repository text NOT NULL,
        claimed_at timestamptz,
        slow_claimed_at timestamptz,
        quick_at timestamptz,
        slow_at timestamptz,
        seen_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT job_source_pk PRIMARY KEY (queue, connection, repository)
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE job_source');
    await db.query(`ALTER TABLE job DROP connection, DROP repository, DROP is_large, DROP is_resumed, DROP turn`);
  }
}
