import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Subject and revision of messages that a newer message supersedes. */
export class DeliveryRevision1764000011000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE delivery ADD subject text, ADD revision integer;
      CREATE INDEX delivery_subject_ix ON delivery (subject) WHERE subject IS NOT NULL;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE delivery DROP subject, DROP revision');
  }
}
