import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Indexes for queries on pushes that run for every runtime event or every few seconds. */
export class PushIndexes1764000007000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE INDEX push_registry_host_ix ON push (registry_host);
      -- The list of what is under way, which stays small however many pushes are kept.
      CREATE INDEX push_analyzing_ix ON push (received_at) WHERE state = 'analyzing';
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX push_analyzing_ix, push_registry_host_ix');
  }
}
