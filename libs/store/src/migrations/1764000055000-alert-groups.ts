import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables of firing alerts, groups of held messages, and silences. */
export class AlertGroups1764000055000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE alert (
        identity_hash bytea CONSTRAINT alert_pk PRIMARY KEY, -- identities may be longer than an index takes
        labels jsonb NOT NULL,
        status text NOT NULL,
        starts_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL
      );
      CREATE INDEX alert_changed_ix ON alert (changed_at);

      CREATE TABLE alert_group (
        key text CONSTRAINT alert_group_pk PRIMARY KEY,
        told_at timestamptz,
        due_at timestamptz
      );
      CREATE INDEX alert_group_due_ix ON alert_group (due_at) WHERE due_at IS NOT NULL;

      ALTER TABLE delivery ADD held_for text;
      -- What is silent of a group is told apart from the rest of it.
      DROP INDEX delivery_once_ux;
      CREATE UNIQUE INDEX delivery_once_ux ON delivery (event_id, receiver, channel, integration, md5(group_key), md5(coalesce(held_for, '')));
      CREATE INDEX delivery_held_ix ON delivery (held_for) WHERE state = 'held';
      CREATE INDEX delivery_channel_ix ON delivery (receiver, channel, integration, created_at);

      CREATE TABLE silence (
        id uuid CONSTRAINT silence_pk PRIMARY KEY,
        matchers text[] NOT NULL,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL,
        created_by text NOT NULL,
        comment text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE INDEX silence_ends_ix ON silence (ends_at);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP TABLE silence;
      DROP INDEX delivery_channel_ix, delivery_held_ix, delivery_once_ux;
      CREATE UNIQUE INDEX delivery_once_ux ON delivery (event_id, receiver, channel, integration, md5(group_key));
      ALTER TABLE delivery DROP held_for;
      DROP TABLE alert_group, alert;
    `);
  }
}
