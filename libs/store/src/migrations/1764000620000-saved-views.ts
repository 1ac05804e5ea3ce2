import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Queries of lists that accounts keep under a name. */
export class SavedViews1764000620000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE saved_view (
        id uuid CONSTRAINT saved_view_pk PRIMARY KEY,
        name text NOT NULL,
        owner_kind text NOT NULL,
        owner text NOT NULL,
        visibility text NOT NULL,
        list text NOT NULL,
        q text NOT NULL,
        sort text,
        is_pinned boolean NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT saved_view_name_ux UNIQUE (owner_kind, owner, name)
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE saved_view');
  }
}
