import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * One index for the deliveries of a subject to a channel: with an index on the subject alone the
 * planner may choose that of the channel, and read all deliveries to the channel.
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
