import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables of the outbox, the inbox and dead letters. */
export class Events1764000000000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE outbox (
        id uuid CONSTRAINT outbox_pk PRIMARY KEY,
        type text NOT NULL,
        channel text NOT NULL,
        subject text NOT NULL,
        source text NOT NULL,
        time timestamptz NOT NULL DEFAULT now(),
        data jsonb NOT NULL,
        traceparent text,
        published_at timestamptz,
        publishes integer NOT NULL DEFAULT 0,
        next_sweep_at timestamptz,
        confirmed_at timestamptz
      );
      -- The relay's and the sweeper's work lists; both stay small however many events are kept.
      CREATE INDEX outbox_unpublished_ix ON outbox (id) WHERE published_at IS NULL;
      CREATE INDEX outbox_unconfirmed_ix ON outbox (next_sweep_at) WHERE published_at IS NOT NULL AND confirmed_at IS NULL;
      CREATE INDEX outbox_confirmed_ix ON outbox (confirmed_at);

      CREATE TABLE inbox (
        consumer text NOT NULL,
        event_id uuid NOT NULL,
        handled_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT inbox_pk PRIMARY KEY (consumer, event_id)
      );
      CREATE INDEX inbox_event_ix ON inbox (event_id);
      CREATE INDEX inbox_age_ix ON inbox (handled_at);

      CREATE TABLE received (
        connection text NOT NULL,
        delivery_key text NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT received_pk PRIMARY KEY (connection, delivery_key) -- a redelivered webhook adds nothing
      );
      CREATE INDEX received_age_ix ON received (received_at);

      CREATE TABLE dead_letter (
        id uuid CONSTRAINT dead_letter_pk PRIMARY KEY,
        stage text NOT NULL,
        worker text NOT NULL,
        event_id uuid,
        job_id uuid,
        subject text NOT NULL,
        payload text,
        code text NOT NULL,
        reason text NOT NULL,
        attempts integer NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        redriven_at timestamptz
      );
      CREATE INDEX dead_letter_event_ix ON dead_letter (event_id);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE dead_letter, received, inbox, outbox');
  }
}
