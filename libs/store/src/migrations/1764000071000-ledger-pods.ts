import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Drops an unused index: the detector has the relevant pods in memory. */
export class LedgerPods1764000071000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query('DROP INDEX container_ledger_pod_ix');
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('CREATE INDEX container_ledger_pod_ix ON container_ledger (cluster, namespace, pod)');
  }
}
