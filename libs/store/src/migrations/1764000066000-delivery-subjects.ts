import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Finds what one channel was told of one subject by one index: beside one of the subject alone the planner may take that of the channel, and
 * read everything that the channel was ever told.
 */
export class DeliverySubjects1764000066000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP INDEX delivery_subject_ix;
      CREATE INDEX delivery_subject_ix ON delivery (subject, receiver, channel, integration, revision) WHERE subject IS NOT NULL;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP INDEX delivery_subject_ix;
      CREATE INDEX delivery_subject_ix ON delivery (subject) WHERE subject IS NOT NULL;
    `);
  }
}
