import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Actions of users, chained by their hashes. */
export class AuditLog1764000420000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE audit_entry (
        number bigint CONSTRAINT audit_entry_pk PRIMARY KEY,
        at timestamptz NOT NULL,
        actor text NOT NULL,
        action text NOT NULL,
        subject text NOT NULL,
        address text,
        details jsonb NOT NULL,
        hash bytea NOT NULL
      )`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE audit_entry');
  }
}
