import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Indexes the digest of the group's key, which holds label values: an index row is limited to 2,704
 * bytes over all columns.
 */
export class DeliveryKeyDigest1764000010000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE delivery DROP CONSTRAINT delivery_once_ux;
      -- One message per event, receiver and group, however often the event is delivered.
      CREATE UNIQUE INDEX delivery_once_ux ON delivery (event_id, receiver, channel, integration, md5(group_key));
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP INDEX delivery_once_ux;
      ALTER TABLE delivery ADD CONSTRAINT delivery_once_ux UNIQUE (event_id, receiver, channel, integration, group_key);
    `);
  }
}
