import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Table of learned habits of images, identities and clusters, which survive a restart. */
export class LearnedHabit1764000043000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE learned_habit (
        kind text NOT NULL,
        subject text NOT NULL,
        value text NOT NULL,
        first_seen timestamptz NOT NULL,
        last_seen timestamptz NOT NULL,
        CONSTRAINT learned_habit_pk PRIMARY KEY (kind, subject, value)
      );
      CREATE INDEX learned_habit_seen_ix ON learned_habit (last_seen);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE learned_habit');
  }
}
