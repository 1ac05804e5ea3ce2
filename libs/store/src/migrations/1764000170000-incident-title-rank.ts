import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Rank of the title of an incident, so that a change for the worse is reported. */
export class IncidentTitleRank1764000170000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE incident ADD title_rank integer');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE incident DROP title_rank');
  }
}
