import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Assignee, snooze, reason of the resolution, and comments of incidents. */
export class IncidentTriage1764000510000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE incident ADD resolution text, ADD assignee text, ADD snoozed_until timestamptz');
    await db.query('ALTER TABLE incident_revision ADD comment text');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE incident_revision DROP comment');
    await db.query('ALTER TABLE incident DROP resolution, DROP assignee, DROP snoozed_until');
  }
}
