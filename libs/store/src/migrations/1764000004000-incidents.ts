import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Table of incidents, built from runtime events. */
export class Incidents1764000004000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE incident (
        id uuid CONSTRAINT incident_pk PRIMARY KEY,
        number bigserial NOT NULL,
        rule text NOT NULL,
        subject_key text NOT NULL,
        title text NOT NULL,
        severity text NOT NULL,
        state text NOT NULL DEFAULT 'open',
        revision integer NOT NULL DEFAULT 1,
        count bigint NOT NULL,
        image_repository text,
        image_tag text,
        image_digest text,
        namespace text,
        cluster text,
        first_seen text NOT NULL, -- nanoseconds, which timestamptz would cut
        last_seen text NOT NULL,
        opened_by text NOT NULL,
        evidence jsonb NOT NULL,
        opened_at timestamptz NOT NULL DEFAULT now(),
        resolved_at timestamptz,
        resolved_by text
      );
      -- One open incident per rule and subject, whatever the order in which replicas see the events.
      CREATE UNIQUE INDEX incident_open_ux ON incident (rule, subject_key) WHERE state = 'open';
      CREATE UNIQUE INDEX incident_number_ux ON incident (number);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE incident');
  }
}
