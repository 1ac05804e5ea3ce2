import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Table of deliveries: message, receiver and outcome. */
export class Deliveries1764000005000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE delivery (
        id uuid CONSTRAINT delivery_pk PRIMARY KEY,
        event_id uuid NOT NULL,
        receiver text NOT NULL,
        channel text NOT NULL,
        integration integer NOT NULL,
        route text NOT NULL,
        group_key text NOT NULL,
        group_labels jsonb NOT NULL,
        alerts jsonb NOT NULL,
        message jsonb NOT NULL,
        state text NOT NULL DEFAULT 'pending',
        attempt integer NOT NULL DEFAULT 0,
        reached text[] NOT NULL DEFAULT '{}',
        reference text,
        code text,
        reason text,
        traceparent text,
        created_at timestamptz NOT NULL DEFAULT now(),
        next_at timestamptz,
        finished_at timestamptz,
        -- One message per event, receiver and group, however often the event is delivered.
        CONSTRAINT delivery_once_ux UNIQUE (event_id, receiver, channel, integration, group_key)
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE delivery');
  }
}
