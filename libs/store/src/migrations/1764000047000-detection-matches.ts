import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Queue table of matches for correlations across partitions. */
export class DetectionMatches1764000047000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE detection_match (
        id text CONSTRAINT detection_match_pk PRIMARY KEY, -- of the event: a replay adds nothing
        number bigserial NOT NULL,
        match jsonb NOT NULL,
        turn bigint -- in which turn of the builder of incidents it was taken; dropped once a snapshot holds it
      );
      CREATE UNIQUE INDEX detection_match_number_ux ON detection_match (number);
      CREATE INDEX detection_match_waiting_ix ON detection_match (number) WHERE turn IS NULL;
      CREATE INDEX detection_match_turn_ix ON detection_match (turn, number) WHERE turn IS NOT NULL;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE detection_match');
  }
}
