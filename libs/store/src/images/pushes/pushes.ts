import { Injectable } from '@nestjs/common';
import type { Baseline, Digest, Finding, LayerClaim, SeverityCounts, Verdict } from '@tidewaiter/domain';
import { v7 as uuidv7 } from 'uuid';

import { columnsOf, type RowOf } from '../../core/columns.js';
import type { JobClass } from '../../core/job-rows.js';
import { inQueue } from '../../core/queues.js';
import { unnestOf } from '../../core/row-sets.js';
import { json } from '../../core/storable.js';
import { type NewJob, type Queries, Store, type Transaction } from '../../core/store.js';
import type { PushWarning } from '../image-rows.js';
import { layerKeySql } from '../layer-key.js';
import { isLayerRead, type LayerReader } from '../read-layers.js';
import { finalPushStates, type PushOrigin, PushRow, type PushState, TagLedgerRow } from './push-rows.js';
import { lockRepository, placeInLedger } from './tag-ledger.js';

/** Repository of a connection. */
export type RepositoryPlace = Pick<PushRow, 'connection' | 'repository'>;

/** Push with its place, as its job needs it. */
export type PushSource = Pick<PushRow, 'id' | 'connection' | 'repository'>;

/** Job of a push, in the turns of its repository. */
export function pushJob({ id, connection, repository }: PushSource, jobClass: JobClass = 'interactive'): NewJob {
  return { queue: 'push', key: id, class: jobClass, connection, repository, turn: id };
}

/** {@link pushJob} of a push that had its turn: it continues before later ones begin. */
export function resumedPushJob(push: PushSource): NewJob {
  return { ...pushJob(push), isResumed: true };
}

/** A push as its registry announced it, or as reconciliation found it. */
export interface NewPush extends Pick<
  PushRow,
  'connection' | 'repository' | 'tag' | 'claimedDigest' | 'artifact' | 'attachedTo' | 'pushedBy'
> {
  /** ISO 8601. */
  pushedAt: string | null;
  /** `hook` unless given. */
  origin?: PushOrigin;
}

/** A push that no webhook announced, as an event has it. */
type FoundPush = Pick<RestoredPush, 'connection' | 'repository' | 'tag' | 'claimedDigest' | 'receivedAt'>;

/** A push of which an event remains. */
export type RestoredPush = Required<NewPush> & { id: string; receivedAt: string };

const added = unnestOf(PushRow, [
  'id',
  'connection',
  'repository',
  'tag',
  'claimedDigest',
  'artifact',
  'attachedTo',
  'pushedBy',
  'pushedAt',
  'origin',
]);

const restored = unnestOf(PushRow, [
  'id',
  'connection',
  'repository',
  'tag',
  'claimedDigest',
  'artifact',
  'attachedTo',
  'pushedBy',
  'pushedAt',
  'origin',
  'receivedAt',
]);

const found = unnestOf(PushRow, ['connection', 'repository', 'tag', 'claimedDigest', 'receivedAt']);

/** Columns of a push without its longest documents. */
export const pushColumns = columnsOf(PushRow, {
  omit: ['announced', 'warnings', 'rulesVersion', 'signersVersion', 'refusedBy'],
}).computed<{
  /** Number of its {@link Pushes.warnings}. */
  warningCount: number;
}>({ warningCount: 'coalesce(jsonb_array_length(warnings), 0)' });

/** A push without its longest documents. */
export type Push = RowOf<typeof pushColumns>;

const timedColumns = pushColumns.computed<{ readAt: string }>({ readAt: 'clock_timestamp()::text' });

/** Content of a push, as its registry has it. */
export interface ResolvedContent {
  digest: Digest;
  mediaType: string;
  registryHost: string;
  imageDigests: readonly Digest[];
  /** Whether the ledger of its tag has the push. */
  isPlaced?: boolean;
}

/** Verdict of a push with its counts and gaps. */
export interface PushVerdict {
  verdict: Verdict;
  counts: SeverityCounts;
  warnings: readonly PushWarning[];
  /** Version of the rules that were applied; empty without rules. */
  rulesVersion?: string;
  /** Version of the signers, where signatures were verified; undefined leaves it as it is. */
  signersVersion?: string;
}

/** Supply-chain findings that the announcement of a push covers. */
export interface Announcement {
  announced: readonly Finding[];
  /** Time until which other findings wait for a signature; null if none does. */
  signatureDueAt: Date | null;
}

/** Repository with the version of the signers that its images require. */
export interface SignedRepository {
  repository: string;
  signersVersion: string;
}

/** Versions of everything that a verdict depends on. */
export interface EvaluationVersions extends LayerReader {
  /** Version of the analyzers, and of the checks of the files of an image. */
  imageVersion: string;
  /** Version of the evaluation of configs. */
  configVersion: string;
  rulesVersion: string;
}

function valuesOf({ verdict, counts, warnings, rulesVersion = '', signersVersion }: PushVerdict): unknown[] {
  return [verdict, json(counts), json(warnings), rulesVersion, signersVersion ?? null];
}

const asked = unnestOf(PushRow, ['connection', 'repository', 'tag']);
const tagOnly = columnsOf(PushRow, { only: ['connection', 'repository', 'tag'] });
const signedColumns = columnsOf(PushRow, { only: ['repository', 'signersVersion'] });
const digestColumns = columnsOf(PushRow, { only: ['id', 'digest'] }).notNull('digest');
const idOnly = columnsOf(PushRow, { only: ['id'] });
const sourceColumns = columnsOf(PushRow, { only: ['id', 'connection', 'repository'] });
const idAndRepository = columnsOf(PushRow, { only: ['id', 'repository'] });
const warningsOnly = columnsOf(PushRow, { only: ['warnings'] });
const tagDigest = columnsOf(TagLedgerRow, { only: ['digest'] });
const codeOnly = columnsOf(PushRow, { only: ['code'] });
const announcedOnly = columnsOf(PushRow, { only: ['announced'] });

const isFinal = `state IN (${finalPushStates.map((state) => `'${state}'`).join(', ')})`;

/**
 * SQL condition on a row of `push`: no signature, attestation or chart. Before it is resolved,
 * `artifact` (from its tag) decides.
 */
export const isImagePush = `state <> 'not-an-image' AND (state <> 'accepted' OR artifact = 'image')`;

/** SQL condition on a row of `push`: its tag points to it. */
export const isCurrent = `EXISTS (
  SELECT FROM tag_ledger AS entry WHERE entry.push_id = push.id AND NOT EXISTS (
    SELECT FROM tag_ledger AS later
    WHERE (later.connection, later.repository, later.tag) = (entry.connection, entry.repository, entry.tag) AND later.position > entry.position))`;

async function pushOf(store: Queries, id: string, lock: '' | ' FOR UPDATE' = ''): Promise<Push | undefined> {
  const [push] = await store.rows(pushColumns, `FROM push WHERE id = $1${lock}`, [id]);
  return push;
}

/** Pushes, from the webhook to their final state. */
@Injectable()
export class Pushes {
  constructor(private readonly store: Store) {}

  /** Adds pushes; returns their ids in the same order, which is also the order of their times. */
  async add(tx: Transaction, pushes: readonly NewPush[]): Promise<string[]> {
    const rows = pushes.map(({ origin = 'hook' as const, ...push }) => ({ ...push, origin, id: uuidv7() }));
    await tx.query(
      // The ledger orders the pushes of a tag by time, so two of one transaction must not share
      // theirs.
      `INSERT INTO push (${added.columns}, received_at)
       SELECT ${added.values}, now() + position * interval '1 microsecond' FROM ${added.ordered}`,
      added.parameters(rows),
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Tags of which the registry has yet to be asked for the digest, because of a push without one:
   * that push covers every other until then.
   */
  async awaitingDigest<Tag extends Pick<PushRow, 'connection' | 'repository' | 'tag'>>(
    tx: Transaction,
    tags: readonly Tag[],
  ): Promise<Tag[]> {
    const waiting = await tx.rows(
      tagOnly,
      `FROM push
       WHERE (connection, repository, tag) IN (SELECT ${asked.values} FROM ${asked.table})
         AND state = 'accepted' AND claimed_digest IS NULL
         -- A running job may have asked already.
         AND NOT EXISTS (SELECT FROM job WHERE ${inQueue('push')} AND key = push.id::text AND state = 'running')`,
      asked.parameters(tags),
    );
    const names = new Set(waiting.map(nameOfTag));
    return tags.filter((each) => names.has(nameOfTag(each)));
  }

  /** Writes pushes again that a restored database lost. */
  async putBack(tx: Transaction, pushes: readonly RestoredPush[]): Promise<void> {
    if (pushes.length === 0) return;
    await tx.query(
      `INSERT INTO push (${restored.columns}) SELECT ${restored.values} FROM ${restored.table} ON CONFLICT DO NOTHING`,
      restored.parameters(pushes),
    );
  }

  /**
   * Finds, among pushes without a webhook that a restore lost, those whose tag and digest were
   * found again since.
   */
  async foundAgain<Lost extends FoundPush>(tx: Transaction, lost: readonly Lost[]): Promise<Lost[]> {
    if (lost.length === 0) return [];
    // A comparison in progress may be about to find them.
    const places = new Map(lost.map((push) => [`${push.connection} ${push.repository}`, push]));
    for (const [, place] of [...places].toSorted(([a], [b]) => (a < b ? -1 : 1))) await lockRepository(tx, place);
    const again = await tx.aggregate<{ position: number }>(
      `SELECT position::int FROM ${found.ordered}
       WHERE EXISTS (
         SELECT FROM push
         WHERE (push.connection, push.repository, push.tag) = (given.connection, given.repository, given.tag)
           AND claimed_digest = "claimedDigest" AND origin <> 'hook' AND received_at > "receivedAt")`,
      found.parameters(lost),
    );
    return again.map(({ position }) => lost[position - 1]!);
  }

  async get(id: string): Promise<Push | null> {
    return (await pushOf(this.store, id)) ?? null;
  }

  /** A push, and the time of the read by PostgreSQL's clock. */
  async getAt(id: string): Promise<{ push: Push; readAt: string } | null> {
    const [row] = await this.store.rows(timedColumns, 'FROM push WHERE id = $1', [id]);
    if (!row) return null;
    const { readAt, ...push } = row;
    return { push, readAt };
  }

  /** Warnings of the verdict of a push; a hostile image may cause thousands. */
  async warnings(id: string): Promise<PushWarning[]> {
    const [push] = await this.store.rows(warningsOnly, 'FROM push WHERE id = $1', [id]);
    return push?.warnings ?? [];
  }

  /** Number of image pushes in each state. */
  async countByState(): Promise<Record<Exclude<PushState, 'not-an-image'>, number>> {
    const rows = await this.store.aggregate<{ state: Exclude<PushState, 'not-an-image'>; pushes: number }>(
      `SELECT state, count(*)::int AS pushes FROM push WHERE ${isImagePush} GROUP BY state`,
    );
    const counts: Record<Exclude<PushState, 'not-an-image'>, number> = {
      accepted: 0,
      analyzing: 0,
      analyzed: 0,
      refused: 0,
      'dead-lettered': 0,
    };
    for (const { state, pushes } of rows) counts[state] = pushes;
    return counts;
  }

  /** Newest analyzed push of a digest, of an index or of one of its images. */
  async newestOf(digest: Digest): Promise<Push | null> {
    return (await this.newestOfEach([digest])).get(digest) ?? null;
  }

  /** {@link newestOf} several digests; digests without an analyzed push are left out. */
  async newestOfEach(digests: readonly Digest[]): Promise<Map<Digest, Push>> {
    const rows = await this.store.aggregate<Push & { asked: Digest }>(
      `SELECT asked, push.* FROM unnest($1::text[]) AS asked JOIN LATERAL (
         SELECT ${pushColumns} FROM push
         WHERE state = 'analyzed' AND id IN (
           SELECT id FROM push WHERE digest = asked UNION SELECT push_id FROM push_image WHERE image_digest = asked)
         ORDER BY received_at DESC LIMIT 1) AS push ON true`,
      [digests],
    );
    return new Map(rows.map(({ asked, ...push }) => [asked, push]));
  }

  /**
   * Newest push of a tag or a digest of a repository, in any state: the verdict of an earlier
   * digest of a tag does not apply to the present one.
   */
  async latest(of: {
    host: string;
    repository: string;
    tag: string | null;
    digest: Digest | null;
  }): Promise<Push | null> {
    const [push] = await this.store.rows(
      pushColumns,
      // registry_host is null until the push is resolved.
      `FROM push
       WHERE repository = $2 AND (registry_host = $1 OR registry_host IS NULL) AND artifact = 'image'
         AND ($3::text IS NULL OR tag = $3)
         -- A push that is not in the ledger yet may be the current one; the ledger decides about the others.
         AND ($3::text IS NULL OR $4::text IS NOT NULL OR ${isCurrent} OR (
           NOT EXISTS (SELECT FROM tag_ledger AS entry WHERE entry.push_id = push.id) AND NOT EXISTS (
             SELECT FROM tag_ledger AS newer
             WHERE (newer.connection, newer.repository, newer.tag) = (push.connection, push.repository, push.tag)
               AND newer.confirmed_at > push.received_at)))
         AND ($4::text IS NULL OR digest = $4 OR claimed_digest = $4
           OR id IN (SELECT push_id FROM push_image WHERE image_digest = $4))
       ORDER BY received_at DESC LIMIT 1`,
      [of.host, of.repository, of.tag, of.digest],
    );
    return push ?? null;
  }

  /**
   * Registry that `host` may be another name of: the only one that holds the repository. Null when
   * several do, or when `host` is itself the name of a known registry.
   */
  async otherNameOf(host: string, repository: string): Promise<string | null> {
    const [only] = await this.store.aggregate<{ host: string }>(
      `SELECT min(registry_host) AS host FROM push
       WHERE repository = $2 AND NOT EXISTS (SELECT FROM push AS known WHERE known.registry_host = $1)
       HAVING count(DISTINCT registry_host) = 1`,
      [host, repository],
    );
    return only?.host ?? null;
  }

  /**
   * Stores the manifest that the registry has for a push. A push that is not in the tag ledger yet
   * becomes the current one of its tag. Idempotent, even if the registry answers differently:
   * only an accepted or dead-lettered push is updated.
   * @returns the push as it is then, locked until the transaction ends
   */
  async resolved(tx: Transaction, push: Push, found: ResolvedContent): Promise<Push> {
    const [resolved] = await tx.rows(
      pushColumns,
      // The tag looked like that of a signature, but an image was found under it.
      (list) => `WITH resolved AS (
         UPDATE push SET digest = $2, media_type = $3, registry_host = $4, artifact = 'image', attached_to = NULL,
           state = 'analyzing', code = NULL, reason = NULL, finished_at = NULL
         WHERE id = $1 AND state IN ('accepted', 'dead-lettered') RETURNING *
       ), held AS (
         INSERT INTO push_image (push_id, image_digest) SELECT id, unnest($5::text[]) FROM resolved ON CONFLICT DO NOTHING)
       SELECT ${list} FROM resolved`,
      [push.id, found.digest, found.mediaType, found.registryHost, found.imageDigests],
    );
    if (!resolved) return (await pushOf(tx, push.id, ' FOR UPDATE'))!;
    if (found.isPlaced) return resolved;
    await placeInLedger(tx, push, found.digest, null);
    return (await pushOf(tx, push.id))!;
  }

  /** Locks a push until the transaction ends. */
  async lock(tx: Transaction, id: string): Promise<void> {
    await tx.query('SELECT id FROM push WHERE id = $1 FOR UPDATE', [id]);
  }

  /** Push that a tag points to, evaluated or not; null if the tag is gone. */
  async current({
    registry,
    repository,
    tag,
  }: {
    registry: string;
    repository: string;
    tag: string;
  }): Promise<Push | null> {
    const [push] = await this.store.rows(
      pushColumns,
      `FROM push
       WHERE coalesce(registry_host, connection) = $1 AND repository = $2 AND tag = $3 AND ${isCurrent}
       ORDER BY id DESC LIMIT 1`,
      [registry, repository, tag],
    );
    return push ?? null;
  }

  /** Pushes with one of some packages that a tag still points to, newest first. */
  async currentWith(tx: Transaction, packageIds: readonly string[]): Promise<string[]> {
    const rows = await tx.rows(
      idOnly,
      `FROM push
       WHERE state = 'analyzed' AND id IN (
         SELECT push_id FROM push_image JOIN image_package USING (image_digest) WHERE package_id = ANY($1))
         AND ${isCurrent} ORDER BY id DESC`,
      [packageIds],
    );
    return rows.map(({ id }) => id);
  }

  /**
   * Pushes that tags point to and that were evaluated by older analyzers or other rules, or without
   * a layer that can be read or retried by now, oldest verdict first; without those whose new
   * evaluation failed within the last day.
   */
  async outdated(
    tx: Transaction,
    { imageVersion, configVersion, rulesVersion, analyzersVersion, reader }: EvaluationVersions,
    limit: number,
  ): Promise<string[]> {
    const rows = await tx.rows(
      idOnly,
      `FROM push
       WHERE state = 'analyzed' AND (rules_version <> $2 OR id IN (
         SELECT push_id FROM push_image JOIN image ON image.digest = image_digest
         WHERE analyzers_version <> $1 OR (config_version IS DISTINCT FROM $4 AND NOT EXISTS (
           -- A config that the registry no longer has is asked for once a day.
           SELECT FROM job WHERE ${inQueue('reevaluate')} AND key = push_id::text AND finished_at > now() - interval '1 day'))
         UNION SELECT push_id FROM image JOIN push_image ON image_digest = image.digest JOIN push AS own ON own.id = push_id
           JOIN image_layer USING (image_digest)
           WHERE unread_layers <> '{}' AND index = ANY(unread_layers) AND (${isLayerRead('$5')} OR EXISTS (
             SELECT FROM layer_failure AS failure
             WHERE (failure.blob_digest, failure.size_bytes, failure.diff_id) = (image_layer.blob_digest, image_layer.size_bytes, image_layer.diff_id)
               AND (failure.connection, failure.repository) = (own.connection, own.repository) AND reader <> $6))))
         AND NOT EXISTS (
           SELECT FROM job WHERE ${inQueue('reevaluate')} AND key = push.id::text
             AND (job.state IN ('queued', 'running') OR (job.state = 'dead' AND job.finished_at > now() - interval '1 day')))
         AND ${isCurrent} ORDER BY finished_at LIMIT $3`,
      [imageVersion, rulesVersion, limit, configVersion, analyzersVersion, reader],
    );
    return rows.map(({ id }) => id);
  }

  /** Versions of the signers by which pushes that tags point to were verified. */
  async verifiedBy(): Promise<SignedRepository[]> {
    return this.store.rows(
      signedColumns,
      (columns) => `SELECT DISTINCT ${columns} FROM push WHERE state = 'analyzed' AND ${isCurrent}`,
    );
  }

  /**
   * Pushes that tags point to and whose signatures were verified by these versions of signers,
   * without those whose verification failed within the last day.
   */
  async verifiedWith(
    tx: Transaction,
    outdated: readonly SignedRepository[],
    limit: number,
  ): Promise<{ id: string; digest: string }[]> {
    return tx.rows(
      digestColumns,
      `FROM push WHERE state = 'analyzed' AND digest IS NOT NULL
         AND (repository, signers_version) IN (SELECT * FROM unnest($1::text[], $2::text[]))
         AND ${isCurrent} AND NOT EXISTS (
           SELECT FROM job WHERE ${inQueue('attached')} AND key = push.id::text || ' ' || push.digest
             AND (job.state IN ('queued', 'running') OR (job.state = 'dead' AND job.finished_at > now() - interval '1 day')))
       ORDER BY id DESC LIMIT $3`,
      [outdated.map(({ repository }) => repository), outdated.map((each) => each.signersVersion), limit],
    );
  }

  /** Pushes that tags point to and whose verdict has one of these warnings. */
  async warned(tx: Transaction, warnings: readonly PushWarning[]): Promise<string[]> {
    const rows = await tx.rows(
      idOnly,
      `FROM push WHERE state = 'analyzed' AND warnings @> ANY($1::jsonb[]) AND ${isCurrent} ORDER BY id DESC`,
      [warnings.map((warning) => json([warning]))],
    );
    return rows.map(({ id }) => id);
  }

  /** Replaces the verdict of an analyzed push. */
  async reevaluated(tx: Transaction, id: string, result: PushVerdict): Promise<void> {
    await tx.query(
      `UPDATE push SET verdict = $2, counts = $3, warnings = $4, rules_version = $5,
         signers_version = coalesce($6, signers_version)
       WHERE id = $1 AND state = 'analyzed'`,
      [id, ...valuesOf(result)],
    );
  }

  /**
   * Ends a push with a verdict; false when it had ended before.
   * @param baseline what it was compared with
   * @param announcement stored as by {@link announce}
   */
  async analyzed(
    tx: Transaction,
    id: string,
    result: PushVerdict,
    baseline: Baseline | null = null,
    announcement: Announcement | null = null,
  ): Promise<boolean> {
    const ended = await tx.query(
      `UPDATE push SET state = 'analyzed', verdict = $2, counts = $3, warnings = $4, rules_version = $5,
         signers_version = coalesce($6, signers_version), compared_with = coalesce($7, compared_with), finished_at = now(),
         announced = coalesce($8, announced), signature_due_at = CASE WHEN $8 IS NULL THEN signature_due_at ELSE $9 END
       WHERE id = $1 AND NOT ${isFinal} RETURNING id`,
      [
        id,
        ...valuesOf(result),
        baseline && json(storedBaseline(baseline)),
        announcement && json(announcement.announced),
        announcement?.signatureDueAt ?? null,
      ],
    );
    return ended.length > 0;
  }

  /** Time of receipt of a push, or of an earlier one of the same digest under the same tag. */
  async firstReceived({ connection, repository, tag, digest, receivedAt }: Push): Promise<Date> {
    const [first] = await this.store.aggregate<{ at: Date | null }>(
      `SELECT min(received_at) AS at FROM push WHERE (connection, repository, tag, digest) = ($1, $2, $3, $4)`,
      [connection, repository, tag, digest],
    );
    return first?.at ?? receivedAt;
  }

  /**
   * Announced supply-chain findings of a push, locked until the transaction ends; null if it was
   * never analyzed.
   */
  async announced(tx: Transaction, id: string): Promise<Finding[] | null> {
    const [push] = await tx.rows(announcedOnly, 'FROM push WHERE id = $1 FOR UPDATE', [id]);
    return push?.announced ?? null;
  }

  /**
   * Fingerprints of supply-chain findings announced by the last push of a digest, preferably under
   * the same tag; null if unknown.
   */
  async announcedBefore(push: Push, digest: Digest): Promise<Set<string> | null> {
    const [before] = await this.store.rows(
      announcedOnly,
      `FROM push
       WHERE (connection, repository, digest) = ($1, $2, $3) AND tag IS NOT NULL AND id <> $4 AND state = 'analyzed'
       ORDER BY tag = $5 DESC, received_at DESC LIMIT 1`,
      [push.connection, push.repository, digest, push.id, push.tag],
    );
    return before?.announced ? new Set(before.announced.map(({ fingerprint }) => fingerprint)) : null;
  }

  async announce(tx: Transaction, id: string, { announced, signatureDueAt }: Announcement): Promise<void> {
    await tx.query('UPDATE push SET announced = $2, signature_due_at = $3 WHERE id = $1', [
      id,
      json(announced),
      signatureDueAt,
    ]);
  }

  /** Whether the tag of a push points to it. */
  async isCurrent(tx: Transaction, id: string): Promise<boolean> {
    return (await tx.query(`SELECT FROM push WHERE id = $1 AND ${isCurrent}`, [id])).length > 0;
  }

  /** Digest that the tag of a push points to; null if the tag is gone. */
  async digestOfTag(tx: Transaction, { connection, repository, tag }: Push): Promise<Digest | null> {
    const [entry] = await tx.rows(
      tagDigest,
      'FROM tag_ledger WHERE (connection, repository, tag) = ($1, $2, $3) ORDER BY position DESC LIMIT 1',
      [connection, repository, tag],
    );
    return entry?.digest ?? null;
  }

  /**
   * Pushes of a digest, or of an index that holds it, in a repository: the newest of each tag,
   * newest first.
   */
  async holding({ connection, repository }: RepositoryPlace, digest: Digest): Promise<Push[]> {
    return this.store.rows(
      pushColumns,
      (list) => `SELECT * FROM (
         SELECT DISTINCT ON (tag) ${list} FROM push
         WHERE (connection, repository) = ($1, $2) AND state IN ('analyzing', 'analyzed')
           AND id IN (SELECT id FROM push WHERE digest = $3 UNION SELECT push_id FROM push_image WHERE image_digest = $3)
         ORDER BY tag, received_at DESC
       ) AS newest ORDER BY "receivedAt" DESC LIMIT 32`,
      [connection, repository, digest],
    );
  }

  /** Newest push of a digest, or of an index that holds it, in each repository. */
  async bringing(tx: Transaction, digest: Digest): Promise<{ id: string; repository: string }[]> {
    return tx.rows(
      idAndRepository,
      (list) => `SELECT DISTINCT ON (connection, repository) ${list} FROM push
       WHERE state IN ('analyzing', 'analyzed')
         AND id IN (SELECT id FROM push WHERE digest = $1 UNION SELECT push_id FROM push_image WHERE image_digest = $1)
       ORDER BY connection, repository, received_at DESC LIMIT 256`,
      [digest],
    );
  }

  /**
   * Ends a push without a verdict; null when it had ended before.
   * @param refusedBy versions and limits of the refusal
   */
  async failed(
    tx: Transaction,
    id: string,
    state: 'not-an-image' | 'refused' | 'dead-lettered',
    code: string,
    reason: string,
    refusedBy: string | null = null,
  ): Promise<Push | null> {
    const [ended] = await tx.returning(
      pushColumns,
      `UPDATE push SET state = $2, code = $3, reason = $4, refused_by = $5, finished_at = now()
       WHERE id = $1 AND NOT ${isFinal}`,
      [id, state, code, reason, refusedBy],
    );
    return ended ?? null;
  }

  /** Code with which a push failed before it was tried again; null if it never did. */
  async failureBefore(tx: Transaction, id: string): Promise<string | null> {
    const [push] = await tx.rows(codeOnly, 'FROM push WHERE id = $1 FOR UPDATE', [id]);
    return push?.code ?? null;
  }

  /**
   * Tries refused pushes again; returns the ids of those that were refused. Each resolves its tag
   * again unless it has a digest.
   */
  async retry(tx: Transaction, ids: readonly string[], jobClass: JobClass = 'interactive'): Promise<string[]> {
    const retried = await tx.returning(
      sourceColumns,
      `UPDATE push SET state = 'accepted', finished_at = NULL WHERE id = ANY($1) AND state = 'refused'`,
      [ids],
    );
    await tx.enqueue(...retried.map((push) => pushJob(push, jobClass)));
    for (const { id } of retried)
      tx.record({ subject: id, before: { state: 'refused' }, after: { state: 'accepted' } });
    return retried.map(({ id }) => id);
  }

  /** Refused pushes, newest first. */
  async refused(tx: Transaction, limit: number): Promise<string[]> {
    const rows = await tx.rows(idOnly, `FROM push WHERE state = 'refused' ORDER BY received_at DESC LIMIT $1`, [limit]);
    return rows.map(({ id }) => id);
  }

  /**
   * Pushes that were refused under other versions or limits than these, and that no later push of
   * their tag replaces, newest first.
   */
  async refusedByOthers(tx: Transaction, reader: string, limit: number): Promise<string[]> {
    const rows = await tx.rows(
      idOnly,
      `FROM push WHERE state = 'refused' AND refused_by IS DISTINCT FROM $1 AND NOT EXISTS (
         SELECT FROM push AS later
         WHERE (later.connection, later.repository) = (push.connection, push.repository)
           AND later.tag IS NOT DISTINCT FROM push.tag AND later.artifact = push.artifact
           AND (push.tag IS NOT NULL OR later.claimed_digest = push.claimed_digest)
           AND later.received_at > push.received_at)
       ORDER BY received_at DESC LIMIT $2 FOR UPDATE SKIP LOCKED`,
      [reader, limit],
    );
    return rows.map(({ id }) => id);
  }

  /** Queues pushes in progress without a pending job, as a lost race or a crash leaves them. */
  async wakeStranded(tx: Transaction): Promise<number> {
    const rows = await tx.rows(
      sourceColumns,
      `FROM push WHERE state = 'analyzing' AND received_at < now() - interval '15 seconds'
         AND NOT EXISTS (SELECT FROM job WHERE ${inQueue('push')} AND key = push.id::text AND state IN ('queued', 'running'))
         AND NOT EXISTS (
           SELECT FROM push_image JOIN image_layer USING (image_digest)
           JOIN job ON ${inQueue('layer')} AND key = ${layerKeySql('image_layer', 'push')}
             AND job.state IN ('queued', 'running')
           WHERE push_id = push.id)
       LIMIT 100`,
    );
    await tx.enqueue(...rows.map(resumedPushJob));
    return rows.length;
  }

  /**
   * Pushes that wait for a layer, in one repository or in all; locked until the transaction ends,
   * in an order that cannot deadlock.
   */
  async waitingFor(
    tx: Transaction,
    { blobDigest, sizeBytes, diffId }: LayerClaim,
    place?: RepositoryPlace,
  ): Promise<PushSource[]> {
    return tx.rows(
      sourceColumns,
      `FROM push WHERE state = 'analyzing' AND id IN (
         SELECT push_id FROM push_image JOIN image_layer USING (image_digest)
         WHERE blob_digest = $1 AND size_bytes = $2 AND diff_id = $3)
         AND ($4::text IS NULL OR (connection, repository) = ($4, $5))
       ORDER BY id FOR UPDATE`,
      [blobDigest, sizeBytes, diffId, place?.connection ?? null, place?.repository ?? null],
    );
  }
}

/** A caller may know more about a baseline than is stored. */
function storedBaseline({ tag, digest, reason, line }: Baseline): Baseline {
  return { tag, digest, reason, line };
}

function nameOfTag({ connection, repository, tag }: Pick<PushRow, 'connection' | 'repository' | 'tag'>): string {
  return `${connection}\n${repository}:${tag ?? ''}`;
}
