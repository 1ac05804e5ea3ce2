import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Saved views that notify a receiver of new rows. */
export class ViewWatches1764000800000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE saved_view ADD COLUMN receiver text;
      CREATE TABLE view_watch (
        view_id uuid CONSTRAINT view_watch_pk PRIMARY KEY CONSTRAINT view_watch_view_fk REFERENCES saved_view ON DELETE CASCADE,
        query text NOT NULL,
        due_at timestamptz NOT NULL DEFAULT now(),
        began_at timestamptz,
        problem text
      );
      CREATE TABLE view_row (
        view_id uuid NOT NULL CONSTRAINT view_row_watch_fk REFERENCES view_watch ON DELETE CASCADE,
        key text NOT NULL,
        gone_at timestamptz,
        CONSTRAINT view_row_pk PRIMARY KEY (view_id, key)
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      DROP TABLE view_row;
      DROP TABLE view_watch;
      ALTER TABLE saved_view DROP COLUMN receiver;
    `);
  }
}
