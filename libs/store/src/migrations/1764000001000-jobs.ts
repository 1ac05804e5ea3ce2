import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Table of jobs; the queue in Redis only transports their ids. */
export class Jobs1764000001000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE job (
        id uuid CONSTRAINT job_pk PRIMARY KEY,
        queue text NOT NULL,
        key text NOT NULL,
        class text NOT NULL,
        state text NOT NULL DEFAULT 'queued',
        attempt integer NOT NULL DEFAULT 0,
        run_at timestamptz NOT NULL DEFAULT now(),
        swept_at timestamptz NOT NULL DEFAULT now(),
        lease_token uuid,
        lease_until timestamptz,
        code text,
        reason text,
        traceparent text,
        created_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz
      );
      -- However many ask for the same work at the same moment, it is queued once.
      CREATE UNIQUE INDEX job_live_ux ON job (queue, key) WHERE state IN ('queued', 'running');
      CREATE INDEX job_due_ix ON job (run_at) WHERE state = 'queued';
      CREATE INDEX job_leased_ix ON job (lease_until) WHERE state = 'running';
      CREATE INDEX job_finished_ix ON job (finished_at) WHERE state = 'done';
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE job');
  }
}
