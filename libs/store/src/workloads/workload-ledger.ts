import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';
import type { ContainerView, WorkloadView, WorkloadRef } from '@tidewaiter/workloads';

import { columnsOf, type RowOf } from '../core/columns.js';
import { recordsetOf } from '../core/row-sets.js';
import { json } from '../core/storable.js';
import { jobsOf, type Queries, Store, type Transaction } from '../core/store.js';
import { isCurrent } from '../images/pushes/pushes.js';
import { ContainerLedgerRow, WorkloadRow } from './workload-rows.js';

/** A workload that runs an image, or did in the last day. */
export interface RunningWorkload extends WorkloadRef {
  digest: Digest;
  /** Number of its containers, and of those that have not ended. */
  containers: number;
  running: number;
  firstSeen: Date;
  lastSeen: Date;
  /** Null while no sensor reports services. */
  exposed: boolean | null;
}

/**
 * Days without a report after which a container no longer counts as running, even without a known
 * end.
 */
const silentDays = 7;
/** Hours after which an ended container leaves the blast radius. */
export const recentHours = 24;
const maxWorkloads = 10_000;

/** SQL condition on a row of `container_ledger`: it runs, as far as sensors report. */
export const isRunning = `ended_at IS NULL AND last_seen > now() - interval '${silentDays} days'`;

/**
 * SQL condition on a row of `container_ledger`: it runs, or did in the last day, as periodic jobs
 * do.
 */
export const isRecent = `((${isRunning}) OR last_seen > now() - interval '${recentHours} hours')`;

/** Query of the images that run, or did in the last day, also by the digest of their index. */
export const runningImages = `SELECT ledger.image_digest FROM container_ledger AS ledger WHERE ${isRecent}
  UNION SELECT push_image.image_digest FROM container_ledger AS ledger JOIN push ON push.digest = ledger.image_digest
  JOIN push_image ON push_image.push_id = push.id WHERE ${isRecent}`;

/** SQL condition that one image runs, as {@link runningImages} has it. */
export function runsImage(digest: string): string {
  return `(EXISTS (SELECT FROM container_ledger AS ledger WHERE ledger.image_digest = ${digest} AND ${isRecent})
    OR EXISTS (SELECT FROM push_image AS held JOIN push AS held_by ON held_by.id = held.push_id
      JOIN container_ledger AS ledger ON ledger.image_digest = held_by.digest WHERE held.image_digest = ${digest} AND ${isRecent}))`;
}

/**
 * Whether one of some images runs, or did in the last day; undefined while no sensor reports
 * containers.
 */
export async function isAnyRunning(store: Queries, digests: readonly Digest[]): Promise<boolean | undefined> {
  const [row] = await store.aggregate<{ isReported: boolean; isRunning: boolean }>(
    `SELECT EXISTS (SELECT FROM container_ledger) AS "isReported",
       EXISTS (SELECT FROM container_ledger WHERE image_digest = ANY($1) AND ${isRecent}) AS "isRunning"`,
    [digests],
  );
  return row?.isReported ? row.isRunning : undefined;
}

/** Whether a sensor reports containers, and which of the images `$1` run. */
const runningColumns = `EXISTS (SELECT FROM container_ledger) AS "isReported",
  ARRAY(SELECT DISTINCT image_digest FROM container_ledger WHERE image_digest = ANY($1) AND ${isRecent}) AS running`;

/** Images among some that run, or did in the last day; null while no sensor reports containers. */
export async function runningAmong(store: Queries, digests: readonly Digest[]): Promise<Set<Digest> | null> {
  const [row] = await store.aggregate<{ isReported: boolean; running: Digest[] }>(`SELECT ${runningColumns}`, [
    digests,
  ]);
  return row?.isReported ? new Set(row.running) : null;
}

/**
 * {@link runningAmong} some images, and the names of the packages of each that were seen to be
 * executed or loaded.
 */
export async function usesAmong(
  store: Queries,
  digests: readonly Digest[],
): Promise<{ running: Set<Digest> | null; used: Map<Digest, Set<string>> }> {
  const [row] = await store.aggregate<{ isReported: boolean; running: Digest[]; used: Record<Digest, string[]> }>(
    `SELECT ${runningColumns},
       (SELECT coalesce(jsonb_object_agg(image_digest, packages), '{}') FROM (
          SELECT image_digest, jsonb_agg(package) AS packages FROM package_use WHERE image_digest = ANY($1) GROUP BY image_digest) AS use) AS used`,
    [digests],
  );
  const used = Object.entries(row?.used ?? {}).map(([digest, packages]) => [digest, new Set(packages)] as const);
  return { running: row?.isReported ? new Set(row.running) : null, used: new Map(used) };
}

/** Limit on the named workloads of one image. */
const maxNamedWorkloads = 4;

/**
 * Names of some workloads that run each image, or did in the last day: `payments/Deployment/api`.
 */
export async function workloadNames(store: Queries, digests: readonly Digest[]): Promise<Map<Digest, string[]>> {
  const rows = await store.aggregate<{ digest: Digest; names: string[] }>(
    `SELECT digest, names FROM unnest($1::text[]) AS asked (digest), LATERAL (SELECT ARRAY(
       SELECT DISTINCT concat_ws('/', nullif(namespace, ''), workload_kind, workload) AS name FROM container_ledger
       WHERE image_digest = asked.digest AND workload IS NOT NULL AND ${isRecent}
       ORDER BY name LIMIT ${maxNamedWorkloads}) AS names) AS named
     WHERE names <> '{}'`,
    [digests],
  );
  return new Map(rows.map(({ digest, names }) => [digest, names]));
}

/**
 * Number of workloads that run an image of each group, or did in the last day; null while no sensor
 * reports containers.
 */
export async function countWorkloads(tx: Queries, groups: readonly (readonly Digest[])[]): Promise<(number | null)[]> {
  const [row] = await tx.aggregate<{ isReported: boolean }>(
    'SELECT EXISTS (SELECT FROM container_ledger) AS "isReported"',
  );
  if (!row?.isReported) return groups.map(() => null);
  const pairs = groups.flatMap((digests, group) => digests.map((digest) => ({ group, digest })));
  const counts = await tx.aggregate<{ group: number; workloads: number }>(
    `SELECT number AS group, count(DISTINCT (cluster, namespace, workload_kind, workload))::int AS workloads
     FROM unnest($1::int[], $2::text[]) AS asked (number, image_digest) JOIN container_ledger USING (image_digest)
     WHERE workload IS NOT NULL AND ${isRecent} GROUP BY number`,
    [pairs.map(({ group }) => group), pairs.map(({ digest }) => digest)],
  );
  const byGroup = new Map(counts.map(({ group, workloads }) => [group, workloads]));
  return groups.map((_, group) => byGroup.get(group) ?? 0);
}

const columns = columnsOf(ContainerLedgerRow);
const runColumns = columnsOf(ContainerLedgerRow, {
  only: [
    'containerId',
    'node',
    'pod',
    'name',
    'kind',
    'imageDigest',
    'repository',
    'tag',
    'privileged',
    'serviceAccount',
    'firstSeen',
    'lastSeen',
    'endedAt',
  ],
}).computed<{ isRunning: boolean }>({ isRunning: `(${isRunning})` });

/** SQL condition that a claim of a cluster may change a known container. */
function mayClaim(known: string, cluster: string): string {
  return `('' IN (${known}.cluster, ${cluster}) OR ${known}.cluster = ${cluster} OR ${known}.last_seen < now() - interval '1 day')`;
}

/** A container of a workload. */
export type WorkloadRun = RowOf<typeof runColumns>;

const ledgerColumns = [
  'containerId',
  'cluster',
  'node',
  'namespace',
  'pod',
  'podUid',
  'name',
  'kind',
  'workloadKind',
  'workload',
  'serviceAccount',
  'imageDigest',
  'claimedDigests',
  'repository',
  'tag',
  'privileged',
  'overrides',
  'startedAt',
  'endedAt',
  'firstSeen',
  'lastSeen',
] as const satisfies readonly (keyof ContainerLedgerRow)[];
const seen = recordsetOf(ContainerLedgerRow, ledgerColumns);
const workloadColumns = columnsOf(WorkloadRow, { omit: ['cluster', 'seenAt'] }).computed<
  Pick<WorkloadView, 'cluster' | 'imageDigests'>
>({ cluster: "nullif(cluster, '')", imageDigests: "'{}'::text[]" });

/** Stored container ledger of the detector: containers with their images and workloads. */
@Injectable()
export class WorkloadLedger {
  constructor(private readonly store: Store) {}

  /** Containers of a workload, running ones first. */
  async containersOf(
    { cluster, namespace, kind, name }: Pick<WorkloadRow, 'cluster' | 'namespace' | 'kind' | 'name'>,
    limit: number,
  ): Promise<WorkloadRun[]> {
    return this.store.rows(
      runColumns,
      `FROM container_ledger WHERE cluster = $1 AND coalesce(namespace, '') = $2 AND workload_kind = $3 AND workload = $4
       ORDER BY (${isRunning}) DESC, last_seen DESC, container_id LIMIT $5`,
      [cluster, namespace, kind, name, limit],
    );
  }

  /**
   * Merges new facts about containers into the stored ones. A known value is never replaced by
   * null, and a container that its cluster reported within a day by no claim of another cluster.
   */
  async put(tx: Transaction, containers: readonly ContainerView[]): Promise<void> {
    if (containers.length === 0) return;
    const rows = seen.parameters(containers.map(rowOf));
    const started = await this.#notSeen(tx, containers);
    // Deletes rows with a truncated id of the same container.
    await tx.query(
      `DELETE FROM container_ledger AS cut USING ${seen.table}
       WHERE cut.container_id IN (left("containerId", 12), left("containerId", 31)) AND cut.container_id <> "containerId"
         AND ${mayClaim('cut', 'given.cluster')}`,
      rows,
    );
    await tx.query(
      `INSERT INTO container_ledger AS known (${seen.columns})
       SELECT DISTINCT ON ("containerId") ${seen.values} FROM ${seen.table} ORDER BY "containerId"
       ON CONFLICT (container_id) DO UPDATE SET
         cluster = coalesce(nullif(EXCLUDED.cluster, ''), known.cluster), node = coalesce(EXCLUDED.node, known.node),
         namespace = coalesce(EXCLUDED.namespace, known.namespace), pod = coalesce(EXCLUDED.pod, known.pod),
         pod_uid = coalesce(EXCLUDED.pod_uid, known.pod_uid), name = coalesce(EXCLUDED.name, known.name),
         kind = coalesce(EXCLUDED.kind, known.kind), workload_kind = coalesce(EXCLUDED.workload_kind, known.workload_kind),
         workload = coalesce(EXCLUDED.workload, known.workload), service_account = coalesce(EXCLUDED.service_account, known.service_account),
         image_digest = coalesce(EXCLUDED.image_digest, known.image_digest),
         claimed_digests = CASE WHEN EXCLUDED.claimed_digests = '{}' THEN known.claimed_digests ELSE EXCLUDED.claimed_digests END,
         repository = coalesce(EXCLUDED.repository, known.repository), tag = coalesce(EXCLUDED.tag, known.tag),
         privileged = coalesce(EXCLUDED.privileged, known.privileged), overrides = coalesce(EXCLUDED.overrides, known.overrides),
         started_at = coalesce(EXCLUDED.started_at, known.started_at),
         ended_at = coalesce(EXCLUDED.ended_at, known.ended_at), first_seen = least(EXCLUDED.first_seen, known.first_seen),
         last_seen = greatest(EXCLUDED.last_seen, known.last_seen)
       WHERE ${mayClaim('known', 'EXCLUDED.cluster')}`,
      rows,
    );
    await this.#evaluateAgain(tx, started);
  }

  /**
   * Updates the facts about workloads. A known value is never replaced by null, as another replica
   * may have stored it.
   */
  async putWorkloads(tx: Transaction, workloads: readonly WorkloadView[]): Promise<void> {
    if (workloads.length === 0) return;
    await tx.query(
      `INSERT INTO workload AS known (cluster, namespace, kind, name, namespace_labels, exposed, privileged, service_account, replicas, probes, seen_at)
       SELECT DISTINCT ON (coalesce(cluster, ''), namespace, kind, name) coalesce(cluster, ''), namespace, kind, name, "namespaceLabels", exposed,
         privileged, "serviceAccount", replicas, probes, now()
       FROM jsonb_to_recordset($1) AS row (cluster text, namespace text, kind text, name text, "namespaceLabels" jsonb, exposed boolean,
         privileged boolean, "serviceAccount" text, replicas int, probes text[])
       ORDER BY coalesce(cluster, ''), namespace, kind, name
       ON CONFLICT (cluster, namespace, kind, name) DO UPDATE SET
         namespace_labels = CASE WHEN EXCLUDED.namespace_labels = '{}' THEN known.namespace_labels ELSE EXCLUDED.namespace_labels END,
         exposed = coalesce(EXCLUDED.exposed, known.exposed), privileged = coalesce(EXCLUDED.privileged, known.privileged),
         service_account = coalesce(EXCLUDED.service_account, known.service_account), replicas = EXCLUDED.replicas,
         probes = CASE WHEN EXCLUDED.probes = '{}' THEN known.probes ELSE EXCLUDED.probes END, seen_at = EXCLUDED.seen_at`,
      [json(workloads)],
    );
  }

  /**
   * Containers that were seen since a time, of one node of a cluster or of all, to load a ledger at
   * start.
   */
  async since(since: Date, place?: { cluster: string | null; node: string }): Promise<ContainerView[]> {
    const rows = await this.store.rows(
      columns,
      `FROM container_ledger
       WHERE last_seen >= $1 AND ($2::text IS NULL OR (cluster, node) = ($2, $3)) ORDER BY last_seen DESC LIMIT 200000`,
      [since, place ? (place.cluster ?? '') : null, place?.node ?? null],
    );
    return rows.map(containerOf);
  }

  /** Workloads that were updated since a time, newest first. */
  async workloadsSince(since: Date): Promise<WorkloadView[]> {
    return this.store.rows(workloadColumns, 'FROM workload WHERE seen_at >= $1 ORDER BY seen_at DESC LIMIT 50000', [
      since,
    ]);
  }

  /** Workloads that run images now or did in the last day, most running containers first. */
  async running(digests: readonly Digest[]): Promise<RunningWorkload[]> {
    const [running] = await this.runningOfEach([digests]);
    return running!;
  }

  /** {@link running} for several groups of images, each separately. */
  async runningOfEach(groups: readonly (readonly Digest[])[]): Promise<RunningWorkload[][]> {
    const asked = groups.flatMap((digests, number) => digests.map((digest) => ({ number, digest })));
    const rows = await this.store.aggregate<RunningWorkload & { number: number }>(
      `SELECT number, cluster, namespace, kind, name, digest, containers, running, "firstSeen", "lastSeen", exposed FROM (
         SELECT number, nullif(ledger.cluster, '') AS cluster, ledger.namespace, workload_kind AS kind, ledger.workload AS name, image_digest AS digest,
           count(*)::int AS containers, (count(*) FILTER (WHERE ${isRunning}))::int AS running,
           min(first_seen) AS "firstSeen", max(last_seen) AS "lastSeen", bool_or(known.exposed) AS exposed,
           row_number() OVER (PARTITION BY number ORDER BY count(*) FILTER (WHERE ${isRunning}) DESC, count(*) DESC,
             nullif(ledger.cluster, ''), ledger.namespace, workload_kind, ledger.workload) AS place
         FROM unnest($1::int[], $2::text[]) AS asked (number, image_digest) JOIN container_ledger AS ledger USING (image_digest)
         LEFT JOIN workload AS known ON (known.cluster, known.namespace, known.kind, known.name)
           = (ledger.cluster, ledger.namespace, workload_kind, ledger.workload)
         WHERE ledger.workload IS NOT NULL AND ${isRecent}
         GROUP BY number, ledger.cluster, ledger.namespace, workload_kind, ledger.workload, image_digest) AS placed
       WHERE place <= ${maxWorkloads} ORDER BY number, place`,
      [asked.map(({ number }) => number), asked.map(({ digest }) => digest)],
    );
    const byNumber = Map.groupBy(rows, ({ number }) => number);
    return groups.map((_, number) => (byNumber.get(number) ?? []).map(({ number: _number, ...running }) => running));
  }

  /** Images of some containers that did not run in the last day. */
  async #notSeen(tx: Transaction, containers: readonly ContainerView[]): Promise<Digest[]> {
    const digests = new Set(containers.map(({ digest }) => digest).filter((digest) => digest !== null));
    const rows = await tx.aggregate<{ digest: Digest }>(
      `SELECT digest FROM unnest($1::text[]) AS asked (digest)
       WHERE NOT EXISTS (SELECT FROM container_ledger WHERE image_digest = digest AND ${isRecent})`,
      [[...digests]],
    );
    return rows.map(({ digest }) => digest);
  }

  /** Queues new evaluations of images that now run, because policies may depend on it. */
  async #evaluateAgain(tx: Transaction, digests: readonly Digest[]): Promise<void> {
    if (digests.length === 0) return;
    const pushes = await tx.aggregate<{ id: string }>(
      `SELECT DISTINCT push.id FROM push JOIN push_image ON push_id = push.id
       WHERE image_digest = ANY($1) AND push.state = 'analyzed' AND tag IS NOT NULL AND ${isCurrent}`,
      [digests],
    );
    await tx.enqueue(
      ...jobsOf(
        'reevaluate',
        pushes.map(({ id }) => id),
        'bulk',
      ),
    );
  }
}

function rowOf(known: ContainerView): ContainerLedgerRow {
  const at = (timeMs: number | null) => (timeMs === null ? null : new Date(timeMs));
  const { id, digest, pod, workload, cluster, startedAtMs, endedAtMs, firstSeenMs, lastSeenMs, ...same } = known;
  return {
    ...same,
    containerId: id,
    imageDigest: digest,
    claimedDigests: [...known.claimedDigests],
    overrides: known.overrides && [...known.overrides],
    cluster: cluster ?? '',
    namespace: pod?.namespace ?? workload?.namespace ?? null,
    pod: pod?.name ?? null,
    workloadKind: workload?.kind ?? null,
    workload: workload?.name ?? null,
    startedAt: at(startedAtMs),
    endedAt: at(endedAtMs),
    firstSeen: new Date(firstSeenMs),
    lastSeen: new Date(lastSeenMs),
  };
}

function containerOf(row: ContainerLedgerRow): ContainerView {
  const {
    containerId,
    imageDigest,
    namespace,
    pod,
    workload,
    workloadKind,
    startedAt,
    endedAt,
    firstSeen,
    lastSeen,
    ...same
  } = row;
  const cluster = row.cluster === '' ? null : row.cluster;
  return {
    ...same,
    id: containerId,
    digest: imageDigest,
    cluster,
    pod: namespace !== null && pod !== null ? { cluster, namespace, name: pod } : null,
    workload:
      namespace !== null && workload !== null && workloadKind !== null
        ? { cluster, namespace, kind: workloadKind, name: workload }
        : null,
    startedAtMs: startedAt?.getTime() ?? null,
    endedAtMs: endedAt?.getTime() ?? null,
    firstSeenMs: firstSeen.getTime(),
    lastSeenMs: lastSeen.getTime(),
  };
}
