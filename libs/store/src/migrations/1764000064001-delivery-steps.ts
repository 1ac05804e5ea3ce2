import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Ledger of the steps of a delivery, and the origin of derived deliveries. */
export class DeliverySteps1764000064001 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      -- Only what is out of the common: that a message was made and taken stands in its own row.
      CREATE TABLE delivery_step (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT delivery_step_pk PRIMARY KEY,
        delivery_id uuid NOT NULL CONSTRAINT delivery_step_delivery_fk REFERENCES delivery ON DELETE CASCADE,
        kind text NOT NULL,
        attempt integer NOT NULL,
        code text,
        reason text,
        made_by text,
        next_at timestamptz,
        made_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX delivery_step_delivery_ix ON delivery_step (delivery_id);

      ALTER TABLE delivery ADD origin text, ADD origin_id uuid;
      CREATE INDEX delivery_origin_ix ON delivery (origin_id) WHERE origin_id IS NOT NULL;
      CREATE INDEX delivery_troubled_ix ON delivery (id) WHERE state IN ('failed', 'retrying');
      CREATE INDEX dead_letter_open_ix ON dead_letter (subject) WHERE redriven_at IS NULL;
      -- Which messages are about a push.
      CREATE INDEX outbox_push_ix ON outbox ((data ->> 'pushId')) WHERE type = 'dev.tidewaiter.image.analyzed.v1';
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP INDEX outbox_push_ix, dead_letter_open_ix, delivery_troubled_ix;
      ALTER TABLE delivery DROP origin, DROP origin_id;
      DROP TABLE delivery_step;
    `);
  }
}
