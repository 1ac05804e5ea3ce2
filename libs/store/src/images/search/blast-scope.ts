import type { Store } from '../../core/store.js';
import { isRunning } from '../../workloads/workload-ledger.js';
import type { BlastCondition, BlastQuestion } from './blast-question.js';

/** Counts of everything that a search finds. */
export interface ScopeCounts {
  images: number;
  /** Images that a tag points to now. */
  tagged: number;
  mitigated: number;
  unknown: number;
  repositories: number;
  /** Null, and the counts below, while no sensor reports containers. */
  workloads: number | null;
  pods: number | null;
  containers: number | null;
  running: number | null;
}

/** Head of a query, `WITH …`, to which the caller appends SQL and parameters. */
export interface ScopeQuery {
  head: string;
  parameters: unknown[];
  /** Adds a parameter and returns its name, `$3`. */
  parameter(value: unknown): string;
}

/**
 * Images that meet all conditions, as common table expressions: `scope` (`image_digest`,
 * `is_mitigated`, `is_unknown`), `brought` (pushes of images), `alias` (each image with the digests
 * by which containers and tags name it) and `ran` (its containers). All of it stays in PostgreSQL.
 */
export class BlastScope {
  constructor(
    private readonly conditions: readonly BlastCondition[],
    private readonly when: Pick<BlastQuestion, 'since' | 'until' | 'running'>,
  ) {}

  /** @param digests limits the query to these images */
  query(digests?: readonly string[]): ScopeQuery {
    const query = parameters();
    const only = digests === undefined ? '' : `WHERE image_digest = ANY(${query.parameter(digests)}::text[])`;
    const met = this.conditions.map(
      (condition, index) => `met_${index} AS MATERIALIZED (
        SELECT image_digest, bool_and(is_mitigated) AS is_mitigated, bool_and(is_unknown) AS is_unknown
        FROM (${condition.sql(query.parameter)}) AS row ${only} GROUP BY image_digest)`,
    );
    const all = (column: string) => this.conditions.map((_, index) => `met_${index}.${column}`).join(' OR ');
    const joined = this.conditions.slice(1).map((_, index) => `JOIN met_${index + 1} USING (image_digest)`);
    query.head = `WITH ${met.join(', ')},
      holder AS MATERIALIZED (
        SELECT image_digest, ${all('is_mitigated')} AS is_mitigated, ${all('is_unknown')} AS is_unknown FROM met_0 ${joined.join(' ')}),
      brought AS MATERIALIZED (
        SELECT image_digest, connection, repository, digest FROM holder JOIN push_image USING (image_digest) JOIN push ON push.id = push_id),
      -- Most pushes have the digest of their image: only those of an index are worth a comparison.
      alias AS MATERIALIZED (
        SELECT image_digest, image_digest AS digest FROM holder
        UNION ALL SELECT DISTINCT image_digest, digest FROM brought WHERE digest <> image_digest),
      ran AS MATERIALIZED (${this.#containers(query)}),
      scope AS MATERIALIZED (SELECT * FROM holder WHERE ${this.#filter(query)})`;
    return query;
  }

  /** One query for the rows of all conditions for some images. */
  rows(digests: readonly string[]): { sql: string; parameters: unknown[] } {
    const query = parameters();
    const asked = query.parameter(digests);
    const parts = this.conditions.map(
      (condition) =>
        `SELECT * FROM (${condition.sql(query.parameter)}) AS row WHERE image_digest = ANY(${asked}::text[])`,
    );
    return { sql: parts.join(' UNION ALL '), parameters: query.parameters };
  }

  #containers({ parameter }: ScopeQuery): string {
    const { since, until, running } = this.when;
    return `SELECT * FROM (
        SELECT alias.image_digest, container_id, cluster, namespace, pod, workload_kind, workload,
          least(started_at, first_seen) AS began_at, ${isRunning} AS is_running,
          CASE WHEN ${isRunning} THEN NULL ELSE coalesce(ended_at, last_seen) END AS ended_at
        FROM alias JOIN container_ledger AS ledger ON ledger.image_digest = alias.digest) AS container
      WHERE ${[
        'true',
        ...(running ? ['is_running'] : []),
        ...(since ? [`(ended_at IS NULL OR ended_at >= ${parameter(since)}::timestamptz)`] : []),
        ...(until ? [`began_at <= ${parameter(until)}::timestamptz`] : []),
      ].join(' AND ')}`;
  }

  #filter({ parameter }: ScopeQuery): string {
    const { since, until, running } = this.when;
    const hasRun = 'image_digest IN (SELECT image_digest FROM ran)';
    if (running) return hasRun;
    if (!since && !until) return 'true';
    const [from, to] = [`${parameter(since ?? null)}::timestamptz`, `${parameter(until ?? null)}::timestamptz`];
    return `(${hasRun} OR image_digest IN (
        SELECT alias.image_digest FROM alias JOIN tag_ledger AS entry USING (digest)
        WHERE (${to} IS NULL OR entry.at <= ${to}) AND (${from} IS NULL OR NOT EXISTS (
          SELECT FROM tag_ledger AS later WHERE (later.connection, later.repository, later.tag) = (entry.connection, entry.repository, entry.tag)
            AND later.position > entry.position AND later.at < ${from})))
      OR image_digest IN (
        SELECT image_digest FROM push_image JOIN push ON push.id = push_id WHERE tag IS NULL AND (${to} IS NULL OR received_at <= ${to})))`;
  }
}

/** SQL condition on a row `entry` of `tag_ledger`: it is the last entry of its tag. */
const isLastEntry = `NOT EXISTS (
  SELECT FROM tag_ledger AS later
  WHERE (later.connection, later.repository, later.tag) = (entry.connection, entry.repository, entry.tag) AND later.position > entry.position)`;

// Counts a grouped subquery, which PostgreSQL hashes; it would sort for count(DISTINCT …).
const countOf = (columns: string, from: string) =>
  `(SELECT count(*)::int FROM (SELECT DISTINCT ${columns} FROM ${from}) AS each)`;

const counts = `SELECT EXISTS (SELECT FROM container_ledger) AS "isReported", known.*,
    ${countOf('connection, repository', 'brought WHERE image_digest IN (SELECT image_digest FROM scope)')} AS repositories,
    ${countOf('container_id', 'ran')} AS containers, ${countOf('container_id', 'ran WHERE is_running')} AS running,
    ${countOf('cluster, namespace, pod', 'ran WHERE pod IS NOT NULL')} AS pods,
    ${countOf('cluster, namespace, workload_kind, workload', 'ran WHERE workload IS NOT NULL')} AS workloads
  FROM (SELECT count(*)::int AS images, (count(*) FILTER (WHERE is_mitigated))::int AS mitigated,
      (count(*) FILTER (WHERE is_unknown))::int AS unknown,
      (count(*) FILTER (WHERE image_digest IN (SELECT image_digest FROM alias JOIN tag_ledger AS entry USING (digest) WHERE ${isLastEntry})))::int AS tagged
    FROM scope) AS known`;

/** Rows of a page of a scope, and the counts of all pages. */
export interface ScopePage<Row> {
  rows: Row[];
  counts: ScopeCounts;
}

/**
 * Reads one page of a scope with the counts of all pages in one query, as finding the images and
 * containers is the main cost of both.
 * @param sql query of the rows of the page in their order, with a column `id`
 */
export async function scopePage<Row extends { id: string }>(
  store: Store,
  { head, parameters }: ScopeQuery,
  sql: string,
): Promise<ScopePage<Row>> {
  const rows = await store.assembled<
    (Row | { id: null }) & { counts: ScopeCounts & { isReported: boolean }; number: string }
  >(
    `${head}, counted AS (${counts}), page AS (SELECT *, row_number() OVER () AS number FROM (${sql}) AS row)
     SELECT page.*, to_jsonb(counted) AS counts FROM counted LEFT JOIN page ON true ORDER BY number`,
    parameters,
  );
  const { isReported, ...known } = rows[0]!.counts;
  return {
    counts: isReported ? known : { ...known, workloads: null, pods: null, containers: null, running: null },
    rows: rows.flatMap(({ counts: _, number: __, ...row }) => (row.id === null ? [] : [row as unknown as Row])),
  };
}

function parameters(): ScopeQuery {
  const values: unknown[] = [];
  return { head: '', parameters: values, parameter: (value) => `$${values.push(value)}` };
}
