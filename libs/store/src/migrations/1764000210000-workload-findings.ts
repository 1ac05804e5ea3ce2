import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Misconfigurations of workloads, and the objects of Kubernetes in which they were seen. */
export class WorkloadFindings1764000210000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE workload_object (
        cluster text, -- empty where nobody names one
        namespace text,
        kind text,
        name text,
        workload_kind text NOT NULL, -- to which its findings belong
        workload text NOT NULL,
        version bigint, -- resourceVersion; null where the source had none
        changed_at timestamptz NOT NULL,
        seen_at timestamptz NOT NULL,
        is_gone boolean NOT NULL,
        judgement text NOT NULL, -- hash over the findings
        findings jsonb NOT NULL,
        CONSTRAINT workload_object_pk PRIMARY KEY (cluster, namespace, kind, name)
      );
      CREATE INDEX workload_object_workload_ix ON workload_object (cluster, namespace, workload_kind, workload);
      CREATE INDEX workload_object_seen_ix ON workload_object (seen_at);

      CREATE TABLE workload_finding (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT workload_finding_pk PRIMARY KEY,
        cluster text NOT NULL,
        namespace text NOT NULL,
        kind text NOT NULL,
        name text NOT NULL,
        fingerprint text NOT NULL,
        check_id text NOT NULL,
        severity text NOT NULL,
        title text NOT NULL,
        container text, -- null where it is about the pod or the object
        field text,
        first_seen timestamptz NOT NULL,
        last_seen timestamptz NOT NULL,
        ended_at timestamptz
      );
      CREATE UNIQUE INDEX workload_finding_place_ix ON workload_finding (cluster, namespace, kind, name, fingerprint);
      CREATE INDEX workload_finding_open_ix ON workload_finding (severity, id) WHERE ended_at IS NULL;
      CREATE INDEX workload_finding_ended_ix ON workload_finding (ended_at) WHERE ended_at IS NOT NULL;
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE workload_finding, workload_object');
  }
}
