import { Injectable } from '@nestjs/common';

import { Store } from '../core/store.js';
import { isRecent, isRunning } from './workload-ledger.js';

/** A namespace of a cluster with what its workloads add up to. */
export interface WorkloadNamespace {
  /** Empty if no source names one. */
  cluster: string;
  namespace: string;
  workloads: number;
  /** Workloads that run an image whose newest push failed, or did in the last day. */
  failed: number;
  /** Containers that run. */
  containers: number;
  /** Open misconfigurations. */
  misconfigurations: number;
  /** Open incidents. */
  incidents: number;
}

/** Verdict of the newest push of each image that runs. */
const failedImages = `SELECT digest FROM (SELECT DISTINCT image_digest AS digest FROM container_ledger
    WHERE image_digest IS NOT NULL AND ${isRecent}) AS asked
  CROSS JOIN LATERAL (SELECT push.verdict FROM (
      SELECT push_id FROM push_image WHERE push_image.image_digest = asked.digest
      UNION SELECT whole.id FROM push AS whole WHERE whole.digest = asked.digest) AS brought
    JOIN push ON push.id = brought.push_id ORDER BY push.state = 'analyzed' DESC, push.id DESC LIMIT 1) AS newest
  WHERE newest.verdict = 'fail'`;

const ran = `SELECT cluster, coalesce(namespace, '') AS namespace, workload_kind AS kind, workload AS name,
    (count(*) FILTER (WHERE ${isRunning}))::int AS containers,
    bool_or(${isRecent} AND image_digest IN (SELECT digest FROM failed_image)) AS is_failed
  FROM container_ledger WHERE workload IS NOT NULL AND workload_kind IS NOT NULL GROUP BY 1, 2, 3, 4`;

const misconfigured = `SELECT cluster, namespace, kind, name, count(*)::int AS findings
  FROM workload_finding WHERE ended_at IS NULL GROUP BY 1, 2, 3, 4`;

const burning = `SELECT coalesce(cluster, '') AS cluster, coalesce(namespace, '') AS namespace, count(*)::int AS incidents
  FROM incident WHERE state = 'open' AND workload IS NOT NULL GROUP BY 1, 2`;

/** Clusters and their namespaces. */
@Injectable()
export class WorkloadNamespaces {
  constructor(private readonly store: Store) {}

  /** Namespaces in which workloads are known, by cluster and name. */
  async list(limit: number): Promise<WorkloadNamespace[]> {
    return this.store.aggregate<WorkloadNamespace>(
      `WITH failed_image AS MATERIALIZED (${failedImages})
       SELECT cluster, namespace, workloads, failed, containers, misconfigurations, coalesce(incidents, 0) AS incidents
       FROM (
         SELECT cluster, namespace, count(*)::int AS workloads, (count(*) FILTER (WHERE is_failed))::int AS failed,
           coalesce(sum(containers), 0)::int AS containers, coalesce(sum(findings), 0)::int AS misconfigurations
         FROM (${ran}) AS ran FULL JOIN (SELECT cluster, namespace, kind, name FROM workload) AS object USING (cluster, namespace, kind, name)
         FULL JOIN (${misconfigured}) AS misconfigured USING (cluster, namespace, kind, name)
         GROUP BY 1, 2) AS known
       LEFT JOIN (${burning}) AS burning USING (cluster, namespace) ORDER BY cluster, namespace LIMIT $1`,
      [limit],
    );
  }
}
