import { createHash } from 'node:crypto';

import { Injectable } from '@nestjs/common';
import { type Digest, type ObjectEvaluation, type Severity, severities } from '@tidewaiter/domain';
import type { WorkloadRef } from '@tidewaiter/workloads';

import { columnsOf, type RowOf } from '../core/columns.js';
import type { Page } from '../core/page.js';
import { excluded, recordsetOf } from '../core/row-sets.js';
import { json } from '../core/storable.js';
import { Store, type Transaction } from '../core/store.js';
import { orderOfStates } from './object-order.js';
import { isRecent } from './workload-ledger.js';
import { WorkloadFindingRow, WorkloadObjectRow, WorkloadRow } from './workload-rows.js';

/** An object of a cluster, with its findings. */
export interface EvaluatedObject extends ObjectEvaluation {
  cluster: string | null;
}

const columns = columnsOf(WorkloadFindingRow, { omit: ['fingerprint'] });

/** A misconfiguration of a workload. */
export interface WorkloadFinding extends Omit<RowOf<typeof columns>, keyof WorkloadPlace> {
  workload: WorkloadRef;
}

/** Filter of workload findings; by default all open ones. */
export interface WorkloadFindingFilter {
  cluster?: string | undefined;
  namespace?: string | undefined;
  kind?: string | undefined;
  name?: string | undefined;
  check?: string | undefined;
  severity?: Severity | undefined;
  state?: 'open' | 'ended' | undefined;
  /** An image that the workload runs, or ran in the last day. */
  image?: Digest | undefined;
}

/** An object without its findings. */
const objectColumns = columnsOf(WorkloadObjectRow, { omit: ['findings'] });
const newObject = recordsetOf(WorkloadObjectRow, [
  'cluster',
  'namespace',
  'kind',
  'name',
  'workloadKind',
  'workload',
  'version',
  'changedAt',
  'seenAt',
  'isGone',
  'evaluation',
  'findings',
]);

type StoredObject = RowOf<typeof objectColumns>;

interface ObjectChange {
  object: WorkloadObjectRow;
  known: StoredObject | null;
  /** Whether more than its version or time is new. */
  isChanged: boolean;
}

type WorkloadPlace = Pick<WorkloadRow, 'cluster' | 'namespace' | 'kind' | 'name'>;

/**
 * Lock under which one transaction at a time derives the findings of workloads, as their objects
 * come from several partitions.
 */
const findingsLock = "hashtext('workload_finding')";
const dayMs = 24 * 3_600_000;
/**
 * Limit on pods of one workload that differ in their findings; more are no replicas, and would make
 * every change expensive.
 */
const maxEvaluations = 200;
const maxCursor = '9223372036854775807';

/** Misconfigurations of workloads, from the objects in which the checks found them. */
@Injectable()
export class WorkloadFindings {
  constructor(private readonly store: Store) {}

  /**
   * Stores the findings of objects. Idempotent and independent of the order: the newest state of an
   * object counts. A repeated state is written once a day at most, to record that the
   * object was seen.
   */
  async put(tx: Transaction, evaluated: readonly EvaluatedObject[]): Promise<void> {
    const states = newestOf(evaluated.map(rowOf));
    if ((await newsOf(tx, states)).length === 0) return;
    await tx.query(`SELECT pg_advisory_xact_lock(${findingsLock})`);
    const news = await newsOf(tx, states);
    const changed = news.filter(({ isChanged }) => isChanged);
    const unchanged = news.filter(({ isChanged }) => !isChanged);
    if (unchanged.length > 0) await move(tx, unchanged);
    if (changed.length === 0) return;
    await replace(tx, changed);
    await derive(tx, changed.flatMap(workloadsOf));
  }

  /** Findings that match a filter, newest first. The cursor is the id of the last one. */
  async list(
    { limit, after }: { limit: number; after?: string | undefined },
    filter: WorkloadFindingFilter = {},
  ): Promise<Page<WorkloadFinding>> {
    const { cluster, namespace, kind, name, check, severity, state = 'open', image } = filter;
    const rows = await this.store.rows(
      columns,
      `FROM workload_finding AS finding
       WHERE id < $2 AND ($3::text IS NULL OR cluster = $3) AND ($4::text IS NULL OR namespace = $4)
         AND ($5::text IS NULL OR kind = $5) AND ($6::text IS NULL OR name = $6)
         AND ($7::text IS NULL OR check_id = $7) AND ($8::text IS NULL OR severity = $8) AND (ended_at IS NULL) = $9
         AND ($10::text IS NULL OR EXISTS (SELECT FROM container_ledger AS ledger WHERE image_digest = $10 AND ${isRecent}
           AND (ledger.cluster, ledger.namespace, workload_kind, workload)
             = (finding.cluster, finding.namespace, finding.kind, finding.name)))
       ORDER BY finding.id DESC LIMIT $1`,
      [
        ...[limit + 1, after ?? maxCursor, cluster ?? null, namespace ?? null, kind ?? null, name ?? null],
        ...[check ?? null, severity ?? null, state === 'open', image ?? null],
      ],
    );
    const items = rows.slice(0, limit).map(findingOf);
    return { items, next: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
  }

  /** Number of open findings by severity, including zeros. */
  async openCounts(): Promise<Record<Severity, number>> {
    const rows = await this.store.aggregate<{ severity: Severity; count: number }>(
      'SELECT severity, count(*)::int AS count FROM workload_finding WHERE ended_at IS NULL GROUP BY severity',
    );
    const counts = new Map(rows.map(({ severity, count }) => [severity, count]));
    return Object.fromEntries(severities.map((severity) => [severity, counts.get(severity) ?? 0])) as Record<
      Severity,
      number
    >;
  }

  /**
   * Deletes objects that were not seen since a time and whose workload has no container in the
   * ledger, in case no source reported their deletion. Deletes findings that ended before that
   * time.
   */
  async forget(before: Date): Promise<void> {
    await this.store.transaction(async (tx) => {
      await tx.query(`SELECT pg_advisory_xact_lock(${findingsLock})`);
      const gone = await tx.aggregate<WorkloadPlace & { wasGone: boolean }>(
        `DELETE FROM workload_object AS old WHERE seen_at < $1 AND (is_gone OR NOT EXISTS (
           SELECT FROM container_ledger AS ledger
           WHERE (ledger.cluster, ledger.namespace, ledger.workload_kind, ledger.workload)
             = (old.cluster, old.namespace, old.workload_kind, old.workload)))
         RETURNING cluster, namespace, workload_kind AS kind, workload AS name, is_gone AS "wasGone"`,
        [before],
      );
      const changed = gone.filter(({ wasGone }) => !wasGone);
      if (changed.length > 0) await derive(tx, changed);
      await tx.query('DELETE FROM workload_finding WHERE ended_at < $1', [before]);
    });
  }
}

function rowOf({ cluster, workload, changedAt, findings, ...same }: EvaluatedObject): WorkloadObjectRow {
  return {
    ...same,
    cluster: cluster ?? '',
    workloadKind: workload.kind,
    workload: workload.name,
    changedAt: new Date(Date.parse(changedAt) || 0),
    seenAt: new Date(),
    evaluation: createHash('sha256').update(JSON.stringify(findings)).digest('hex').slice(0, 32),
    findings,
  };
}

const keyOf = ({ cluster, namespace, kind, name }: WorkloadPlace): string =>
  [cluster, namespace, kind, name].join('\n');

/** Newest state of each object; at the same moment the one that came last. */
function newestOf(objects: readonly WorkloadObjectRow[]): WorkloadObjectRow[] {
  const newest = new Map<string, WorkloadObjectRow>();
  for (const object of objects) {
    const known = newest.get(keyOf(object));
    if (!known || orderOfStates(object, known) !== 'older') newest.set(keyOf(object), object);
  }
  return [...newest.values()];
}

/** States that are newer than the known ones, or evaluated by newer checks. */
async function newsOf(tx: Transaction, states: readonly WorkloadObjectRow[]): Promise<ObjectChange[]> {
  const rows = await tx.rows(
    objectColumns,
    `FROM workload_object JOIN jsonb_to_recordset($1) AS asked (cluster text, namespace text, kind text, name text)
       USING (cluster, namespace, kind, name)`,
    [json(states.map(({ cluster, namespace, kind, name }) => ({ cluster, namespace, kind, name })))],
  );
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  return states.flatMap((object): ObjectChange[] => {
    const known = byKey.get(keyOf(object)) ?? null;
    if (known === null) return [{ object, known, isChanged: true }];
    const order = orderOfStates(object, known);
    if (order === 'older') return [];
    const isChanged = differs(object, known);
    // The same state differs if newer checks evaluate it.
    const isNews = order === 'newer' || isChanged || object.seenAt.getTime() - known.seenAt.getTime() > dayMs;
    return isNews ? [{ object, known, isChanged }] : [];
  });
}

function differs(object: WorkloadObjectRow, known: StoredObject): boolean {
  return (
    object.evaluation !== known.evaluation ||
    object.isGone !== known.isGone ||
    object.workloadKind !== known.workloadKind ||
    object.workload !== known.workload
  );
}

/** The workload of an object, and the one that it had before. */
function workloadsOf({ object, known }: ObjectChange): WorkloadPlace[] {
  const { cluster, namespace } = object;
  return [object, ...(known ? [known] : [])].map(({ workloadKind, workload }) => {
    return { cluster, namespace, kind: workloadKind, name: workload };
  });
}

/**
 * Stores a new version with the same findings: the pods of a workload change several times a minute
 * without new findings.
 */
async function move(tx: Transaction, news: readonly ObjectChange[]): Promise<void> {
  await tx.query(
    `WITH moved AS (
       UPDATE workload_object AS object SET version = news.version, changed_at = news."changedAt", seen_at = news."seenAt"
       FROM jsonb_to_recordset($1) AS news (cluster text, namespace text, kind text, name text, version bigint, "changedAt" timestamptz,
         "seenAt" timestamptz)
       WHERE (object.cluster, object.namespace, object.kind, object.name) = (news.cluster, news.namespace, news.kind, news.name)
       RETURNING object.cluster, object.namespace, workload_kind AS kind, workload AS name)
     UPDATE workload_finding AS finding SET last_seen = now() FROM (SELECT DISTINCT * FROM moved) AS moved
     WHERE (finding.cluster, finding.namespace, finding.kind, finding.name) = (moved.cluster, moved.namespace, moved.kind, moved.name)
       AND ended_at IS NULL AND last_seen < now() - interval '1 hour'`,
    [json(news.map(({ object: { findings: _, ...object } }) => object))],
  );
}

async function replace(tx: Transaction, news: readonly ObjectChange[]): Promise<void> {
  await tx.query(
    `INSERT INTO workload_object (${newObject.columns}) SELECT ${newObject.values} FROM ${newObject.table}
     ON CONFLICT (cluster, namespace, kind, name) DO UPDATE SET
       ${excluded(WorkloadObjectRow, ['workloadKind', 'workload', 'version', 'changedAt', 'seenAt', 'isGone', 'evaluation', 'findings'])}`,
    newObject.parameters(news.map(({ object }) => object)),
  );
}

/**
 * Derives the findings of workloads from their live objects: the workload's own object and its
 * pods. Pods that differ from the manifest count too, as with an injected container or from an
 * earlier rollout. Replicas with equal findings are read once.
 */
async function derive(tx: Transaction, workloads: readonly WorkloadPlace[]): Promise<void> {
  await tx.query(
    `WITH asked AS (
       SELECT DISTINCT * FROM jsonb_to_recordset($1) AS row (cluster text, namespace text, kind text, name text)),
     live AS (
       SELECT asked.*, object.evaluation, object.findings, object.changed_at,
         (object.kind, object.name) = (asked.kind, asked.name) AS is_own
       FROM asked JOIN workload_object AS object ON (object.cluster, object.namespace, object.workload_kind, object.workload)
         = (asked.cluster, asked.namespace, asked.kind, asked.name)
       WHERE NOT is_gone),
     evaluations AS (
       SELECT * FROM (
         SELECT *, row_number() OVER (PARTITION BY cluster, namespace, kind, name ORDER BY is_own DESC, changed_at DESC, evaluation) AS place FROM (
           SELECT DISTINCT ON (cluster, namespace, kind, name, is_own, evaluation) * FROM live
           ORDER BY cluster, namespace, kind, name, is_own, evaluation, changed_at DESC) AS different) AS placed
       WHERE place <= ${maxEvaluations}),
     wanted AS (
       SELECT DISTINCT ON (cluster, namespace, kind, name, fingerprint) cluster, namespace, kind, name, finding.*
       FROM evaluations, jsonb_to_recordset(findings) AS finding (fingerprint text, "check" text, severity text, title text, container text,
         field text)
       ORDER BY cluster, namespace, kind, name, fingerprint, changed_at DESC),
     ended AS (
       UPDATE workload_finding AS finding SET ended_at = now() FROM asked
       WHERE (finding.cluster, finding.namespace, finding.kind, finding.name) = (asked.cluster, asked.namespace, asked.kind, asked.name)
         AND ended_at IS NULL AND (finding.cluster, finding.namespace, finding.kind, finding.name, finding.fingerprint)
           NOT IN (SELECT cluster, namespace, kind, name, fingerprint FROM wanted))
     INSERT INTO workload_finding AS known (cluster, namespace, kind, name, fingerprint, check_id, severity, title, container, field, first_seen, last_seen)
     SELECT cluster, namespace, kind, name, fingerprint, "check", severity, title, container, field, now(), now() FROM wanted
     ON CONFLICT (cluster, namespace, kind, name, fingerprint) DO UPDATE SET severity = EXCLUDED.severity, title = EXCLUDED.title,
       container = EXCLUDED.container, field = EXCLUDED.field, last_seen = EXCLUDED.last_seen, ended_at = NULL
     WHERE known.ended_at IS NOT NULL OR known.last_seen < now() - interval '1 hour'
       OR (known.severity, known.title, known.field) IS DISTINCT FROM (EXCLUDED.severity, EXCLUDED.title, EXCLUDED.field)`,
    [json(workloads)],
  );
}

function findingOf(row: RowOf<typeof columns>): WorkloadFinding {
  const { cluster, namespace, kind, name, ...finding } = row;
  return { ...finding, workload: { cluster: cluster === '' ? null : cluster, namespace, kind, name } };
}
