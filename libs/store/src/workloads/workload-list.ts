import { severities, type Severity, type Verdict } from '@tidewaiter/domain';
import type { workloadFields } from '@tidewaiter/query';

import { columnsOf } from '../core/columns.js';
import { rankSql, type RowList } from '../core/lists.js';
import { worstSeveritySql } from '../images/pushes/push-list.js';
import { isRecent, isRunning } from './workload-ledger.js';
import { WorkloadRow } from './workload-rows.js';

/** An image that a workload runs, or ran in the last day, with the newest push that brought it. */
export interface WorkloadImage {
  digest: string;
  repository: string | null;
  tag: string | null;
  /** Null of an image that was never evaluated. */
  verdict: Verdict | null;
  severity: Severity | null;
}

/** A workload with its images, posture and open incidents. */
export interface ListedWorkload {
  /** Empty if no source names one. */
  cluster: string;
  namespace: string;
  kind: string;
  name: string;
  /** Containers that run. */
  containers: number;
  images: WorkloadImage[];
  severity: Severity | null;
  exposed: boolean | null;
  privileged: boolean | null;
  /** Open misconfigurations by severity. */
  misconfigurations: Partial<Record<Severity, number>>;
  incidents: number;
  firstSeen: Date | null;
  lastSeen: Date | null;
}

const ordered = severities.toReversed();
const worst = worstSeveritySql('push.counts');
const severityOf = (rank: string) => `('{${ordered.join(',')}}'::text[])[${rank}]`;

/** Keys of a row of each source. */
const ran = `SELECT cluster, coalesce(namespace, '') AS namespace, workload_kind AS kind, workload AS name,
    (count(*) FILTER (WHERE ${isRunning}))::int AS containers, array_agg(DISTINCT image_digest) FILTER (WHERE image_digest IS NOT NULL AND ${isRecent}) AS digests,
    bool_or(privileged) FILTER (WHERE ${isRecent}) AS is_privileged, min(first_seen) AS since, max(last_seen) AS last_seen
  FROM container_ledger WHERE workload IS NOT NULL AND workload_kind IS NOT NULL GROUP BY 1, 2, 3, 4`;

const misconfigured = `SELECT cluster, namespace, kind, name, sum(number)::int AS open_findings, jsonb_object_agg(severity, number) AS by_severity
  FROM (SELECT cluster, namespace, kind, name, severity, count(*)::int AS number FROM workload_finding
    WHERE ended_at IS NULL GROUP BY 1, 2, 3, 4, 5) AS each GROUP BY 1, 2, 3, 4`;

/** Counted once for all workloads: one count each would read all incidents for every workload. */
const attacked = `SELECT coalesce(cluster, '') AS cluster, workload AS place, count(*)::int AS number
  FROM incident WHERE state = 'open' GROUP BY 1, 2`;

const all = `SELECT cluster, namespace, kind, name, coalesce(containers, 0) AS containers, digests, workload.exposed,
    coalesce(is_privileged, workload.privileged) AS privileged, coalesce(by_severity, '{}') AS by_severity,
    coalesce(open_findings, 0) AS open_findings, since, greatest(ran.last_seen, workload.seen_at) AS last_seen
  FROM (${ran}) AS ran FULL JOIN workload USING (cluster, namespace, kind, name)
  FULL JOIN (${misconfigured}) AS misconfigured USING (cluster, namespace, kind, name)`;

const incidents = 'coalesce(attacked.number, 0)';

const columns = columnsOf(WorkloadRow, {
  of: 'workload',
  only: ['cluster', 'namespace', 'kind', 'name', 'exposed', 'privileged'],
}).computed<Omit<ListedWorkload, 'cluster' | 'namespace' | 'kind' | 'name' | 'exposed' | 'privileged'>>({
  containers: 'containers',
  images: 'images',
  severity: severityOf('worst'),
  misconfigurations: 'by_severity',
  incidents,
  firstSeen: 'since',
  lastSeen: 'workload.last_seen',
});

/** Workloads as a list: of containers, of objects of the API server, of misconfigurations. */
export const workloadList = {
  columns,
  from: `FROM (${all}) AS workload
    CROSS JOIN LATERAL (
      SELECT coalesce(jsonb_agg(jsonb_build_object('digest', asked.digest, 'repository', push.repository, 'tag', push.tag,
          'verdict', push.verdict, 'severity', ${worst}) ORDER BY asked.digest), '[]') AS images,
        max(${rankSql(`(${worst})`, severities)}) AS worst, array_agg(push.verdict) AS verdicts,
        array_agg(push.repository || coalesce(':' || push.tag, '')) AS image_names
      FROM unnest(digests) AS asked (digest) LEFT JOIN LATERAL (
        SELECT push.* FROM (
          SELECT push_id FROM push_image WHERE push_image.image_digest = asked.digest
          UNION SELECT whole.id FROM push AS whole WHERE whole.digest = asked.digest) AS brought JOIN push ON push.id = brought.push_id
        ORDER BY push.state = 'analyzed' DESC, push.id DESC LIMIT 1) AS push ON true) AS held
    LEFT JOIN (${attacked}) AS attacked ON attacked.cluster = workload.cluster
      AND attacked.place = concat_ws('/', nullif(workload.namespace, ''), workload.kind, workload.name)`,
  key: { sql: `concat_ws(' ', workload.cluster, workload.namespace, kind, workload.name)`, type: 'text' },
  fields: {
    cluster: { text: 'workload.cluster' },
    namespace: { text: 'workload.namespace' },
    kind: { text: 'kind' },
    name: { text: 'workload.name' },
    running: { flag: 'containers > 0' },
    containers: { number: 'containers' },
    exposed: { flag: 'exposed' },
    privileged: { flag: 'workload.privileged' },
    verdict: { texts: 'verdicts' },
    severity: { rank: severityOf('worst'), order: severities },
    image: { texts: 'image_names' },
    digest: { texts: 'digests' },
    incidents: { number: incidents },
    misconfigurations: { number: 'open_findings' },
    seen: { time: 'workload.last_seen' },
  },
  title: `concat_ws('/', nullif(workload.cluster, ''), workload.namespace, workload.kind, workload.name)`,
  words: ['workload.namespace', 'workload.name', `array_to_string(image_names, ' ')`],
  sorts: {
    urgency: { sql: `(${incidents} * 1000 + coalesce(worst, 0) * 100 + least(open_findings, 99))`, type: 'bigint' },
    severity: { sql: 'coalesce(worst, -1)', type: 'bigint' },
    incidents: { sql: incidents, type: 'bigint' },
    misconfigurations: { sql: 'open_findings', type: 'bigint' },
    name: { sql: `concat_ws(' ', workload.cluster, workload.namespace, workload.name)`, type: 'text' },
  },
} as const satisfies RowList<ListedWorkload, keyof typeof workloadFields>;
