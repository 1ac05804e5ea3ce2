import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Versions of managed entries, and the entries of tidewaiter.yaml that lists show beside them. */
export class ManagedEntries1764000520000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE managed_entry (
        kind text NOT NULL,
        name text NOT NULL,
        version integer NOT NULL,
        revision bigint NOT NULL CONSTRAINT managed_entry_revision_ux UNIQUE,
        document jsonb NOT NULL,
        sealed jsonb NOT NULL,
        author text NOT NULL,
        at timestamptz NOT NULL,
        comment text,
        is_deleted boolean NOT NULL,
        CONSTRAINT managed_entry_pk PRIMARY KEY (kind, name, version)
      );

      CREATE TABLE file_entry (
        kind text NOT NULL,
        name text NOT NULL,
        document jsonb NOT NULL,
        line integer NOT NULL,
        CONSTRAINT file_entry_pk PRIMARY KEY (kind, name)
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE file_entry, managed_entry');
  }
}
