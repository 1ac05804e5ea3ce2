import { Injectable } from '@nestjs/common';
import { type Digest, placePush, type TagEntry, type TagPlacement } from '@tidewaiter/domain';

import { columnsOf, type RowOf } from '../../core/columns.js';
import { json } from '../../core/storable.js';
import { Store, type Transaction } from '../../core/store.js';
import { lockReferences, shareReferences } from '../reference-lock.js';
import { TagLedgerRow } from './push-rows.js';

/** A repository of a connection. */
interface RepositoryPlace {
  connection: string;
  repository: string;
}

/** A push and the tag under which it came. */
interface TaggedPush extends RepositoryPlace {
  id: string;
  tag: string | null;
}

/** Answer of a registry about a tag. */
export interface TagAnswer {
  /** Null if the tag is gone. */
  digest: Digest | null;
  /** Time of the request to the registry, by {@link TagLedger.now}. */
  askedAt: string;
}

/** Outcome of placing a push in the ledger of its tag. */
export interface PlacedPush {
  /**
   * Whether the request is older than the last recorded answer, so that the registry has to be
   * asked again.
   */
  isOutdated: boolean;
  /** Next push, which was compared with another digest before; null if there is none. */
  successor: { id: string; digest: Digest } | null;
}

/** Entries of a tag among which a late push is placed. */
const maxEntries = 200;

const noPlace: PlacedPush = { isOutdated: false, successor: null };

/**
 * Current and earlier digests of tags: in the order of the registry, and ending with what it has
 * now.
 */
@Injectable()
export class TagLedger {
  constructor(private readonly store: Store) {}

  /** Time by PostgreSQL's clock, which orders the answers, since the clocks of scanners differ. */
  async now(): Promise<string> {
    const [clock] = await this.store.aggregate<{ now: string }>('SELECT clock_timestamp()::text AS now');
    return clock!.now;
  }

  /** Locks the tags of a repository against records of other transactions until this one ends. */
  async lock(tx: Transaction, place: RepositoryPlace): Promise<void> {
    await lockRepository(tx, place);
  }

  /** Enters a push into the ledger of its tag, once. */
  async place(tx: Transaction, push: TaggedPush, digest: Digest, answer: TagAnswer): Promise<PlacedPush> {
    return placeInLedger(tx, push, digest, answer);
  }

  /** Existing tags of a repository: one, those of a digest, or all. */
  async tags(
    { connection, repository }: RepositoryPlace,
    { tag, digest }: { tag: string | null; digest: Digest | null },
  ): Promise<string[]> {
    const rows = await this.store.aggregate<{ tag: string }>(
      `SELECT tag FROM (
         SELECT DISTINCT ON (tag) tag, digest FROM tag_ledger
         WHERE (connection, repository) = ($1, $2) AND ($3::text IS NULL OR tag = $3) ORDER BY tag, position DESC) AS newest
       WHERE digest IS NOT NULL AND ($4::text IS NULL OR digest = $4) ORDER BY tag`,
      [connection, repository, tag, digest],
    );
    return rows.map((row) => row.tag);
  }

  /**
   * Whether a tag was deleted: the registry was seen without it after its last push.
   * @param registry name of the connection, or host of the registry
   */
  async isGone({ registry, repository, tag }: { registry: string; repository: string; tag: string }): Promise<boolean> {
    const [known] = await this.store.aggregate<{ isGone: boolean | null }>(
      `SELECT bool_and(digest IS NULL) AS "isGone" FROM (
         SELECT DISTINCT ON (connection) digest FROM tag_ledger
         WHERE (repository, tag) = ($2, $3) AND connection IN (
           SELECT connection FROM push WHERE (repository, tag) = ($2, $3) AND $1 IN (connection, registry_host))
         ORDER BY connection, position DESC) AS newest`,
      [registry, repository, tag],
    );
    return known?.isGone ?? false;
  }

  /**
   * Corrects the ledger by the state of the registry. Tags without an entry are left to their
   * pushes, and so are tags with a record newer than the request. Returns the tags that were wrong.
   */
  async observed(
    tx: Transaction,
    place: RepositoryPlace,
    tags: ReadonlyMap<string, Digest | null>,
    { askedAt, actor = null }: { askedAt: string; actor?: string | null },
  ): Promise<string[]> {
    await lockRepository(tx, place);
    return observe(tx, place, tags, { askedAt, actor });
  }
}

/** {@link TagLedger.place}; without an answer the push becomes the current digest of its tag. */
export async function placeInLedger(
  tx: Transaction,
  push: TaggedPush,
  digest: Digest,
  answer: TagAnswer | null,
): Promise<PlacedPush> {
  const { connection, repository, tag } = push;
  if (tag === null) return noPlace;
  await lockTag(tx, { connection, repository, tag });
  const known = await placeOf(tx, push, answer?.askedAt ?? null);
  if (!known || known.isPlaced) return noPlace;
  const { entries, pushedAtMs, receivedAtMs } = known;
  if (entries.at(-1)?.isNewer) return { isOutdated: true, successor: null };
  const current = answer === null ? digest : answer.digest;
  const placement = placePush(entries, { id: push.id, digest, pushedAtMs, receivedAtMs }, current);
  await write(tx, push, digest, entries, placement);
  const isNewest = placement.index >= entries.length - (placement.replaced === null ? 0 : 1);
  return isNewest ? noPlace : { isOutdated: false, successor: await successorOf(tx, push.id) };
}

const entryColumns = columnsOf(TagLedgerRow, {
  of: 'entry',
  only: ['digest', 'pushId', 'isSeen', 'position'],
}).computed<Pick<TagEntry, 'atMs' | 'pushedAtMs'> & { isNewer: boolean }>({
  atMs: millisecondsOf('at'),
  pushedAtMs: `CASE WHEN NOT is_seen THEN ${millisecondsOf('pushed_at')} END`,
  isNewer: 'coalesce(confirmed_at > $4::timestamptz, false)',
});

type StoredEntry = RowOf<typeof entryColumns>;

/** Times of a push, and the newest entries of its tag, oldest first. */
interface KnownPlace {
  pushedAtMs: number | null;
  receivedAtMs: number;
  isPlaced: boolean;
  entries: StoredEntry[];
}

async function placeOf(
  tx: Transaction,
  { id, connection, repository, tag }: TaggedPush,
  askedAt: string | null,
): Promise<KnownPlace | undefined> {
  const [known] = await tx.aggregate<KnownPlace>(
    `SELECT ${millisecondsOf('pushed_at')} AS "pushedAtMs", ${millisecondsOf('received_at')} AS "receivedAtMs",
       EXISTS (SELECT FROM tag_ledger WHERE push_id = own.id AND NOT is_seen) AS "isPlaced",
       (SELECT coalesce(json_agg(newest ORDER BY position), '[]') FROM (
          SELECT ${entryColumns} FROM tag_ledger AS entry LEFT JOIN push ON push.id = push_id
          WHERE (entry.connection, entry.repository, entry.tag) = ($1, $2, $3) ORDER BY position DESC LIMIT ${maxEntries}) AS newest) AS entries
     FROM push AS own WHERE id = $5`,
    [connection, repository, tag, askedAt, id],
  );
  return known;
}

async function write(
  tx: Transaction,
  push: TaggedPush,
  digest: Digest,
  entries: readonly StoredEntry[],
  { replaced, index, atMs, seen }: TagPlacement,
): Promise<void> {
  const tag = [push.connection, push.repository, push.tag];
  const last = entries.at(-1)?.position ?? 0;
  const freed = replaced === null ? null : entries[replaced]!.position;
  if (freed !== null) {
    await tx.query(`DELETE FROM tag_ledger WHERE (connection, repository, tag) = ($1, $2, $3) AND position = $4`, [
      ...tag,
      freed,
    ]);
  }
  const others = replaced === null ? entries : entries.toSpliced(replaced, 1);
  const position = replaced === index ? freed! : (others[index]?.position ?? last + 1);
  if (replaced !== index && position <= last) {
    await tx.query(
      `UPDATE tag_ledger SET position = position + 1 WHERE (connection, repository, tag) = ($1, $2, $3) AND position >= $4`,
      [...tag, position],
    );
  }
  const isLast = position > last && !seen;
  await tx.query(
    `INSERT INTO tag_ledger (connection, repository, tag, digest, push_id, actor, at, position, confirmed_at)
     SELECT connection, repository, tag, $2, id, pushed_by, to_timestamp($3::float8 / 1000), $4, CASE WHEN $5 THEN clock_timestamp() END
     FROM push WHERE id = $1`,
    [push.id, digest, atMs, position, isLast],
  );
  if (seen) {
    await tx.query(
      `INSERT INTO tag_ledger (connection, repository, tag, digest, push_id, is_seen, at, position)
       VALUES ($1, $2, $3, $4, $5, true, greatest(now(), to_timestamp($6::float8 / 1000)), $7)`,
      [...tag, seen.digest, seen.pushId, Math.max(atMs, entries.at(-1)?.atMs ?? 0), last + 2],
    );
  }
  if (!isLast) {
    await tx.query(
      `UPDATE tag_ledger SET confirmed_at = clock_timestamp() WHERE (connection, repository, tag) = ($1, $2, $3) AND position = (
         SELECT max(position) FROM tag_ledger WHERE (connection, repository, tag) = ($1, $2, $3))`,
      tag,
    );
  }
  await tx.query(`UPDATE push SET digest = $2, previous_digest = (${previousOf('push', '$2')}) WHERE id = $1`, [
    push.id,
    digest,
  ]);
}

/**
 * SQL for the previous digest of the tag of a row of `push` with a digest.
 * Images present when the registry was connected were not announced: a later push of one is news.
 */
function previousOf(push: string, digest: string): string {
  return `SELECT before.digest FROM tag_ledger AS own JOIN tag_ledger AS before
      ON (before.connection, before.repository, before.tag) = (own.connection, own.repository, own.tag) AND before.position < own.position
    WHERE own.push_id = ${push}.id AND NOT own.is_seen
      AND NOT (${push}.origin = 'hook' AND before.digest = ${digest} AND EXISTS (
        SELECT FROM push AS brought WHERE brought.id = before.push_id AND brought.origin = 'imported'))
    ORDER BY before.position DESC LIMIT 1`;
}

/**
 * Updates the push that follows a late one, as it has to be compared with it; null if that one is
 * not analyzed yet.
 */
async function successorOf(tx: Transaction, pushId: string): Promise<PlacedPush['successor']> {
  const [successor] = await tx.aggregate<{ id: string; digest: Digest; state: string }>(
    `UPDATE push AS next SET previous_digest = (${previousOf('next', 'next.digest')})
     WHERE id = (
       SELECT after.push_id FROM tag_ledger AS own JOIN tag_ledger AS after
         ON (after.connection, after.repository, after.tag) = (own.connection, own.repository, own.tag) AND after.position > own.position
       WHERE own.push_id = $1 AND NOT own.is_seen AND NOT after.is_seen ORDER BY after.position LIMIT 1)
     RETURNING id, digest, state`,
    [pushId],
  );
  if (successor?.state !== 'analyzed') return null;
  await tx.query('UPDATE push SET is_late = true WHERE id = $1', [pushId]);
  return { id: successor.id, digest: successor.digest };
}

async function observe(
  tx: Transaction,
  { connection, repository }: RepositoryPlace,
  tags: ReadonlyMap<string, Digest | null>,
  { askedAt, actor }: { askedAt: string; actor: string | null },
): Promise<string[]> {
  const seen = json([...tags].map(([tag, digest]) => ({ tag, digest })));
  const newest = `SELECT DISTINCT ON (tag) id, tag, digest, position, at, confirmed_at FROM tag_ledger
    WHERE (connection, repository) = ($1, $2) AND tag IN (SELECT tag FROM jsonb_to_recordset($3) AS seen (tag text))
    ORDER BY tag, position DESC`;
  const wrong = await tx.aggregate<{ tag: string }>(
    `INSERT INTO tag_ledger (connection, repository, tag, digest, push_id, actor, is_seen, at, position)
       SELECT $1, $2, tag, seen.digest, (
           SELECT push_id FROM tag_ledger AS past
           WHERE (past.connection, past.repository, past.tag) = ($1, $2, newest.tag) AND past.digest = seen.digest
             AND past.push_id IS NOT NULL ORDER BY past.position DESC LIMIT 1),
         $5, true, greatest(newest.at, $4::timestamptz), newest.position + 1
       FROM (${newest}) AS newest JOIN jsonb_to_recordset($3) AS seen (tag text, digest text) USING (tag)
       WHERE newest.digest IS DISTINCT FROM seen.digest AND coalesce(confirmed_at, at) <= $4::timestamptz AND at <= $4::timestamptz
       RETURNING tag`,
    [connection, repository, seen, askedAt, actor],
  );
  await tx.query(
    `UPDATE tag_ledger SET confirmed_at = clock_timestamp()
     FROM (${newest}) AS newest JOIN jsonb_to_recordset($3) AS seen (tag text, digest text) USING (tag)
     WHERE tag_ledger.id = newest.id AND newest.digest IS NOT DISTINCT FROM seen.digest
       AND coalesce(newest.confirmed_at, '-infinity') <= $4::timestamptz`,
    [connection, repository, seen, askedAt],
  );
  return wrong.map(({ tag }) => tag);
}

/** Serializes a reconciliation of a repository with others, and with the pushes of all its tags. */
export async function lockRepository(tx: Transaction, place: RepositoryPlace): Promise<void> {
  await lockReferences(tx, 'shared');
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [lockNameOf(place)]);
}

/**
 * Serializes the pushes of one tag, or two of them could both become its last entry. A transaction
 * that places several tags must hold {@link lockRepository}: two of them could wait for each other.
 */
async function lockTag(tx: Transaction, { tag, ...place }: RepositoryPlace & { tag: string }): Promise<void> {
  const name = lockNameOf(place);
  const locks = [
    'pg_advisory_xact_lock_shared(hashtextextended($1, 0))',
    'pg_advisory_xact_lock(hashtextextended($2, 0))',
  ];
  await shareReferences(tx, locks, [name, `${name} ${tag}`]);
}

function lockNameOf({ connection, repository }: RepositoryPlace): string {
  return `tags ${connection} ${repository}`;
}

function millisecondsOf(column: string): string {
  return `extract(epoch FROM ${column})::float8 * 1000`;
}
