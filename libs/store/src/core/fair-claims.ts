import { columnsOf } from './columns.js';
import { type JobClass, JobRow } from './job-rows.js';
import { inQueue, type QueueName } from './queues.js';
import { isUnflushed, type Queries, type Transaction, withoutFlush } from './store.js';

/** A job that this process has claimed. Only the holder of the token may finish it. */
export interface ClaimedJob extends Pick<
  JobRow,
  'id' | 'queue' | 'key' | 'class' | 'traceparent' | 'connection' | 'repository' | 'isLarge'
> {
  /** 1 at the first try. */
  attempt: number;
  /** Time since it was enqueued, by the database's clock. */
  ageMs: number;
  token: string;
}

/** Claimed job with its lane, and whether no other job of its queue waited. */
export type FairlyClaimedJob = ClaimedJob & { isSlow: boolean; isLast: boolean };

export const claimedColumns = columnsOf(JobRow, {
  of: 'job',
  only: ['id', 'queue', 'key', 'class', 'traceparent', 'connection', 'repository', 'isLarge'],
}).computed<{ attempt: number; token: string; ageMs: number }>({
  attempt: 'attempt - put_back',
  token: 'lease_token',
  ageMs: 'extract(epoch FROM now() - job.created_at)::float * 1000',
});

/** Columns of a job that a claim writes. */
export const claimAssignments = `state = 'running', attempt = attempt + 1, again = false`;

export interface FairClaim {
  queue: QueueName;
  jobClass: JobClass;
  token: string;
  leaseMs: number;
  /** Whether a job of the slow lane may be claimed. */
  maySlow: boolean;
}

/**
 * SQL condition for the slow lane: large layers, registries that have not shown to be quick since
 * they were last slow, and repositories whose last job was slow. A registry is a row without a
 * repository.
 */
const isSlow = `(job.is_large OR (job.connection <> '' AND (
  registry.quick_at IS NULL OR coalesce(registry.slow_at > registry.quick_at, false)
  OR coalesce(own.slow_at > coalesce(own.quick_at, '-infinity'), false))))`;

/** Time of the last claim for a source in the lane of the job: it waits for all others. */
const servedAt = (source: string) =>
  `coalesce(CASE WHEN is_slow THEN ${source}.slow_claimed_at ELSE ${source}.claimed_at END, '-infinity')`;

/** Repository of each registry after which the next claim looks; none where it begins anew. */
export type Cursors = Record<string, string>;

/** Repositories of a registry of which one claim takes the one that waited longest. */
const windowSize = 64;

/**
 * Settings of a transaction for how PostgreSQL plans its claims. Compiling one takes longer than
 * running it. Its statistics are those of an empty queue when a burst begins: it would expect one
 * row, and read and sort the whole backlog for every name instead of skipping from name to name in
 * the order of the index. A claim that PostgreSQL loses is made again: the effects of its first
 * holder do not commit, as the job has not its token.
 */
export const claimSettings = `; SET LOCAL jit = off; SET LOCAL enable_sort = off${withoutFlush}`;

/**
 * Claims the due job of a queue whose turn it is. Registries take turns, in a registry its
 * repositories, and in a repository the pushes by the time they were accepted: ten thousand pushes
 * of one repository delay a single push of another by one job. What continues a push that had its
 * turn comes first. Of a registry with many waiting repositories, each claim looks at some, from
 * `cursors` on. The transaction has {@link claimSettings}.
 */
export async function claimFairly(
  tx: Transaction,
  claim: FairClaim,
  cursors: Cursors,
): Promise<{ job: FairlyClaimedJob | null; cursors: Cursors }> {
  const { queue, jobClass, token, leaseMs, maySlow } = claim;
  const [row] = await tx.aggregate<{ cursors: Cursors | null; job: FairlyClaimedJob | null }>(fairClaimOf(queue), [
    jobClass,
    token,
    leaseMs,
    maySlow,
    cursors,
    windowSize,
  ]);
  const job = row?.job ?? null;
  return { job, cursors: row?.cursors ?? {} };
}

// The name of the queue is in the text because PostgreSQL matches it with the partial index.
function fairClaimOf(queue: QueueName): string {
  const waiting = `${inQueue(queue)} AND job.class = $1 AND job.state = 'queued'`;
  // Both skip from name to name in the index: a long backlog costs no more than a short one.
  const nextRegistry = (after: string) =>
    `(SELECT connection FROM job WHERE ${waiting} ${after} ORDER BY connection LIMIT 1)`;
  const nextRepository = (after: string) =>
    `(SELECT repository FROM job WHERE ${waiting} AND connection = registry.name AND repository > ${after}
      ORDER BY repository LIMIT 1)`;
  const cursor = `coalesce($5::jsonb ->> registry.name, '')`;
  return `WITH RECURSIVE registry AS (
      SELECT ${nextRegistry('')} AS name
      UNION ALL
      SELECT ${nextRegistry('AND connection > registry.name')} FROM registry WHERE name IS NOT NULL
    ), source AS (
      SELECT registry.name AS connection, repository FROM registry CROSS JOIN LATERAL (
        WITH RECURSIVE listed AS (
          SELECT ${nextRepository(cursor)} AS repository
          UNION ALL
          SELECT ${nextRepository('listed.repository')} FROM listed WHERE repository IS NOT NULL
        ) SELECT repository FROM listed WHERE repository IS NOT NULL LIMIT $6) AS listed
      WHERE registry.name <> ''
      UNION ALL
      SELECT '', '' FROM registry WHERE name = ''
    ), cursor AS (
      SELECT jsonb_object_agg(connection, last) AS cursors FROM (
        SELECT connection, max(repository) AS last FROM source GROUP BY connection HAVING count(*) = $6) AS full_window
    ), candidate AS MATERIALIZED (
      SELECT job.id, job.turn, job.is_resumed, ${isSlow} AS is_slow, registry, own
      FROM source CROSS JOIN (VALUES (false), (true)) AS size (is_large)
      CROSS JOIN LATERAL (
        SELECT id, turn, is_resumed, is_large, connection FROM job
        WHERE ${waiting} AND (connection, repository) = (source.connection, source.repository)
          AND is_large = size.is_large AND run_at <= now() + interval '1 second'
        ORDER BY is_resumed DESC, turn LIMIT 4) AS job
      LEFT JOIN job_source AS registry ON registry.queue = '${queue}' AND registry.connection = source.connection AND registry.repository = ''
      LEFT JOIN job_source AS own ON own.queue = '${queue}' AND own.connection = source.connection AND own.repository = source.repository
    ), picked AS (
      SELECT locked.id, ordered.is_slow FROM (
        SELECT id, is_slow FROM candidate WHERE $4 OR NOT is_slow
        ORDER BY is_resumed DESC, ${servedAt('(registry)')}, ${servedAt('(own)')}, turn) AS ordered
      CROSS JOIN LATERAL (${lockedJob('ordered.id')}) AS locked LIMIT 1
    ), claimed AS (
      UPDATE job SET ${claimAssignments}, lease_token = $2, lease_until = now() + $3 * interval '1 millisecond'
      FROM picked WHERE job.id = picked.id RETURNING ${claimedColumns}, is_slow AS "isSlow"
    ), noted AS (
      INSERT INTO job_source (queue, connection, repository, claimed_at, slow_claimed_at)
      SELECT DISTINCT queue, connection, level, CASE WHEN NOT "isSlow" THEN now() END, CASE WHEN "isSlow" THEN now() END
      FROM claimed CROSS JOIN LATERAL (VALUES (''), (repository)) AS source (level) ORDER BY 1, 2, 3
      ON CONFLICT ON CONSTRAINT job_source_pk DO UPDATE SET seen_at = now(),
        claimed_at = coalesce(EXCLUDED.claimed_at, job_source.claimed_at),
        slow_claimed_at = coalesce(EXCLUDED.slow_claimed_at, job_source.slow_claimed_at))
    SELECT cursor.cursors, (SELECT to_jsonb(claimed) || jsonb_build_object('isLast', NOT EXISTS (
        SELECT FROM job WHERE ${inQueue(queue)} AND job.state = 'queued' AND job.id <> claimed.id)) FROM claimed) AS job FROM cursor`;
}

/**
 * One job, unless another worker has it. The state is in an expression so that no index of queued
 * jobs is read from its beginning to find it.
 */
function lockedJob(id: string): string {
  return `SELECT job.id FROM job WHERE job.id = ${id} AND job.state || '' = 'queued' FOR UPDATE SKIP LOCKED`;
}

/** How a job of a fair queue went. */
export interface SourceRun {
  isQuick: boolean;
  /** Whether the registry was slow or failed, and not only what this repository holds. */
  isOfRegistry: boolean;
}

/**
 * Records how fast a source was, which decides about its lane. A registry that was quick a moment
 * ago for others is not slow because of one of its repositories. Claims wait for the row of their
 * registry, so that its commit does not wait for the disk.
 */
export async function noteSourceRun(
  store: Queries,
  { queue, connection, repository }: Pick<ClaimedJob, 'queue' | 'connection' | 'repository'>,
  { isQuick, isOfRegistry }: SourceRun,
): Promise<void> {
  const levels = isQuick || isOfRegistry ? ['', repository] : [repository];
  await store.query(
    `UPDATE job_source SET ${isQuick ? 'quick_at' : 'slow_at'} = now()
     WHERE (queue, connection) = ($1, $2) AND repository = ANY($3)
       AND ($4 OR repository <> '' OR quick_at IS NULL OR quick_at < now() - interval '5 minutes') AND ${isUnflushed}`,
    [queue, connection, levels, isQuick],
  );
}
