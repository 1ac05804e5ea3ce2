import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Indexes for the search: tags of any repository, and packages by the beginning of their names. */
export class SearchedNames1764000840040 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE INDEX tag_ledger_name_ix ON tag_ledger (tag);
      -- Names may be longer than a btree takes.
      CREATE INDEX package_name_prefix_ix ON package (lower(left(name, 64)) COLLATE "C");
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX package_name_prefix_ix, tag_ledger_name_ix');
  }
}
