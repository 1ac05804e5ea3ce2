import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The push that a message reports, so that a late signature corrects the message. */
export class DeliveryPush1764000200000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE delivery ADD push_id uuid;
      CREATE INDEX delivery_push_ix ON delivery (push_id) WHERE push_id IS NOT NULL;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('ALTER TABLE delivery DROP push_id');
  }
}
