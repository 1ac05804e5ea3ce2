import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables of containers with their images, and of workloads. */
export class ContainerLedger1764000040000 implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(`
      CREATE TABLE container_ledger (
        container_id text CONSTRAINT container_ledger_pk PRIMARY KEY, -- as long as anybody said it
        cluster text NOT NULL DEFAULT '',
        node text,
        namespace text,
        pod text,
        pod_uid text,
        name text,
        kind text,
        workload_kind text,
        workload text,
        service_account text,
        image_digest text, -- the manifest that runs; not always one that was scanned
        said_digests text[] NOT NULL,
        repository text,
        tag text,
        privileged boolean,
        started_at timestamptz,
        ended_at timestamptz,
        first_seen timestamptz NOT NULL,
        last_seen timestamptz NOT NULL
      );
      CREATE INDEX container_ledger_image_ix ON container_ledger (image_digest);
      CREATE INDEX container_ledger_pod_ix ON container_ledger (cluster, namespace, pod);
      CREATE INDEX container_ledger_seen_ix ON container_ledger (last_seen);

      CREATE TABLE workload (
        cluster text NOT NULL,
        namespace text NOT NULL,
        kind text NOT NULL,
        name text NOT NULL,
        namespace_labels jsonb NOT NULL,
        exposed boolean,
        privileged boolean,
        service_account text,
        replicas integer NOT NULL,
        probes text[] NOT NULL,
        seen_at timestamptz NOT NULL,
        CONSTRAINT workload_pk PRIMARY KEY (cluster, namespace, kind, name)
      );
    `);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query('DROP TABLE workload, container_ledger');
  }
}
