import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Index for the replicas of the detector, which load each other's updates of workloads every other
 * second.
 */
export class WorkloadSeen1764000072000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('CREATE INDEX workload_seen_ix ON workload (seen_at)');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX workload_seen_ix');
  }
}
