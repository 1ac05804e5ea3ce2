import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Indexes of objects without a common prefix. With one, PostgreSQL rated both equally until the
 * first ANALYZE, and looked up objects by cluster and namespace alone, so that 10,000 new pods were
 * compared with each other.
 */
export class WorkloadObjectLookups1764000211000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE workload_object DROP CONSTRAINT workload_object_pk,
        ADD CONSTRAINT workload_object_pk PRIMARY KEY (name, kind, namespace, cluster);
      DROP INDEX workload_object_workload_ix;
      CREATE INDEX workload_object_workload_ix ON workload_object (workload, workload_kind, namespace, cluster);
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(`
      ALTER TABLE workload_object DROP CONSTRAINT workload_object_pk,
        ADD CONSTRAINT workload_object_pk PRIMARY KEY (cluster, namespace, kind, name);
      DROP INDEX workload_object_workload_ix;
      CREATE INDEX workload_object_workload_ix ON workload_object (cluster, namespace, workload_kind, workload);
    `);
  }
}
