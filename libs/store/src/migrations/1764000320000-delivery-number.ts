import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Order of deliveries, as their ids are derived from what they report and have no time. */
export class DeliveryNumber1764000320000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE SEQUENCE delivery_number_seq;
      ALTER TABLE delivery ADD COLUMN number bigint;
      UPDATE delivery SET number = ordered.number
        FROM (SELECT id, row_number() OVER (ORDER BY id) AS number FROM delivery) AS ordered WHERE ordered.id = delivery.id;
      SELECT setval('delivery_number_seq', greatest(max(number), 1), max(number) IS NOT NULL) FROM delivery;
      ALTER TABLE delivery ALTER COLUMN number SET DEFAULT nextval('delivery_number_seq'),
        ALTER COLUMN number SET NOT NULL;
      ALTER SEQUENCE delivery_number_seq OWNED BY delivery.number;
      CREATE UNIQUE INDEX delivery_number_ux ON delivery (number);
      CREATE INDEX delivery_created_ix ON delivery (created_at);
      DROP INDEX delivery_troubled_ix;
      CREATE INDEX delivery_troubled_ix ON delivery (number) WHERE state IN ('failed', 'retrying');
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP INDEX delivery_troubled_ix;
      CREATE INDEX delivery_troubled_ix ON delivery (id) WHERE state IN ('failed', 'retrying');
      DROP INDEX delivery_created_ix;
      ALTER TABLE delivery DROP COLUMN number;
    `);
  }
}
