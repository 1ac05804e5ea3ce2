import type { BlastCondition, BlastQuestion } from './blast-question.js';
import { isRunning } from './workload-ledger.js';

/** The start of a query, `WITH …`, and what goes on from it: further parameters. */
export interface ScopeQuery {
  head: string;
  parameters: unknown[];
  /** Adds a parameter and answers its name, `$3`. */
  parameter(value: unknown): string;
}

/**
 * The images that meet all conditions, as common table expressions: `scope` (`image_digest`, `is_mitigated`, `is_unknown`), `alias` (each image
 * with the digests by which containers and tags name it) and `ran` (its containers). All of it stays in PostgreSQL.
 */
export class BlastScope {
  constructor(
    private readonly conditions: readonly BlastCondition[],
    private readonly when: Pick<BlastQuestion, 'since' | 'until' | 'running'>,
  ) {}

  query(): ScopeQuery {
    const query = parameters();
    const met = this.conditions.map(
      (condition, index) => `met_${index} AS MATERIALIZED (
        SELECT image_digest, bool_and(is_mitigated) AS is_mitigated, bool_and(is_unknown) AS is_unknown
        FROM (${condition.sql(query.parameter)}) AS row GROUP BY image_digest)`,
    );
    const all = (column: string) => this.conditions.map((_, index) => `met_${index}.${column}`).join(' OR ');
    const joined = this.conditions.slice(1).map((_, index) => `JOIN met_${index + 1} USING (image_digest)`);
    query.head = `WITH ${met.join(', ')},
      holder AS MATERIALIZED (
        SELECT image_digest, ${all('is_mitigated')} AS is_mitigated, ${all('is_unknown')} AS is_unknown FROM met_0 ${joined.join(' ')}),
      alias AS MATERIALIZED (
        SELECT image_digest, image_digest AS digest FROM holder
        UNION SELECT image_digest, push.digest FROM holder JOIN push_image USING (image_digest) JOIN push ON push.id = push_id
        WHERE push.digest IS NOT NULL),
      ran AS MATERIALIZED (${this.#containers(query)}),
      scope AS MATERIALIZED (SELECT * FROM holder WHERE ${this.#filter(query)})`;
    return query;
  }

  /** The rows of the conditions of some images, one query for all conditions. */
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
        SELECT alias.image_digest, container_id, cluster, node, namespace, pod, name, workload_kind, workload, repository, tag,
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

function parameters(): ScopeQuery {
  const values: unknown[] = [];
  return { head: '', parameters: values, parameter: (value) => `$${values.push(value)}` };
}
