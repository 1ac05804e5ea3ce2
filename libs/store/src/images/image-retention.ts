import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';

import { columnsOf, type RowOf } from '../core/columns.js';
import { type Queries, Store, type Transaction } from '../core/store.js';
import { ImageRow } from './image-rows.js';
import { PushRow } from './pushes/push-rows.js';
import { finalPushStates } from './pushes/push-rows.js';
import { isCurrent } from './pushes/pushes.js';
import { lockRepository } from './pushes/tag-ledger.js';
import { lockReferences } from './reference-lock.js';

/** Rows that one statement evaluates, far below its time limit. */
const pageSize = 1_000;
/** Many, so that the pushes of one repository among them fill a transaction. */
const pushPageSize = 10_000;
/** Images or pushes that one transaction deletes: pushes wait for it. */
const batchSize = 50;

const pushColumns = columnsOf(PushRow, { only: ['id', 'connection', 'repository'] });
const digestOnly = columnsOf(ImageRow, { only: ['digest'] });

type ListedPush = RowOf<typeof pushColumns>;

/** SQL condition on a row `entry` of `tag_ledger`: its tag exists and points to it. */
const isLast = `entry.digest IS NOT NULL AND NOT EXISTS (
  SELECT FROM tag_ledger AS later
  WHERE (later.connection, later.repository, later.tag) = (entry.connection, entry.repository, entry.tag) AND later.position > entry.position)`;

/** SQL condition on a row `entry` of `tag_ledger`: the last verdict of an existing tag. */
const isLastVerdict = `EXISTS (SELECT FROM push AS brought WHERE brought.id = entry.push_id AND brought.state = 'analyzed')
  AND (SELECT newest.digest FROM tag_ledger AS newest
    WHERE (newest.connection, newest.repository, newest.tag) = (entry.connection, entry.repository, entry.tag)
    ORDER BY newest.position DESC LIMIT 1) IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM tag_ledger AS later JOIN push AS brought ON brought.id = later.push_id AND brought.state = 'analyzed'
    WHERE (later.connection, later.repository, later.tag) = (entry.connection, entry.repository, entry.tag) AND later.position > entry.position)`;

/** SQL condition: an existing tag needs a digest, in one place or in any. */
export const isTagged = (digest: string, place = '') => `EXISTS (
  SELECT FROM tag_ledger AS entry WHERE entry.digest = ${digest} ${place} AND ((${isLast}) OR (${isLastVerdict})))`;

const cutoff = `now() - $2::int * interval '1 day'`;

/**
 * SQL condition on a row of `push`: a later push replaced it, its tag is gone, or it has none.
 * Signatures and charts only age. `$2` are the days, `$3` the digests in use.
 */
export const isPushExpired = `received_at < ${cutoff} AND state IN (${finalPushStates.map((state) => `'${state}'`).join(', ')})
  AND (state = 'not-an-image' OR (
    (tag IS NULL
      OR EXISTS (
        SELECT FROM push AS newer WHERE (newer.repository, newer.tag) = (push.repository, push.tag) AND newer.connection = push.connection
          AND newer.received_at > push.received_at AND newer.state <> 'not-an-image')
      OR (SELECT newest.digest IS NULL FROM tag_ledger AS newest
        WHERE (newest.connection, newest.repository, newest.tag) = (push.connection, push.repository, push.tag)
        ORDER BY newest.position DESC LIMIT 1))
    AND coalesce(push.digest, '') <> ALL($3::text[]) AND NOT ${isCurrent}
    AND NOT ${isTagged('push.digest', 'AND (entry.connection, entry.repository) = (push.connection, push.repository)')}))`;

/** SQL condition on a row of `image`, with parameters as above: nothing refers to it any more. */
export const isImageExpired = `coalesce(image.analyzed_at, '-infinity') < ${cutoff} AND image.digest <> ALL($3::text[])
  AND NOT EXISTS (SELECT FROM package_use WHERE image_digest = image.digest AND last_seen >= ${cutoff})
  AND NOT ${isTagged('image.digest')}
  AND NOT EXISTS (
    SELECT FROM push_image JOIN push ON push.id = push_id WHERE push_image.image_digest = image.digest AND (
      received_at >= ${cutoff} OR state IN ('accepted', 'analyzing') OR coalesce(push.digest, '') = ANY($3::text[])
      OR ${isCurrent} OR ${isTagged('push.digest')}))`;

/** Rows that only other rows give a meaning; in the order of their references. */
const unusedRows = {
  layer_failure: 'NOT EXISTS (SELECT FROM image_layer WHERE image_layer.blob_digest = layer_failure.blob_digest)',
  layer_blob: 'NOT EXISTS (SELECT FROM image_layer WHERE image_layer.blob_digest = layer_blob.blob_digest)',
  layer: `NOT EXISTS (SELECT FROM image_layer WHERE image_layer.diff_id = layer.diff_id)
    AND NOT EXISTS (SELECT FROM layer_blob WHERE layer_blob.diff_id = layer.diff_id)`,
  package: 'NOT EXISTS (SELECT FROM image_package WHERE image_package.package_id = package.id)',
  package_content: 'NOT EXISTS (SELECT FROM package WHERE package.purl = package_content.purl)',
} as const;

export type UnusedTable = keyof typeof unusedRows;

/** Deletes pushes and images that nothing refers to, with all that only they need. */
@Injectable()
export class ImageRetention {
  constructor(private readonly store: Store) {}

  /**
   * Deletes pushes of more than `days` ago that other pushes replaced, with their entries in the
   * tag ledger. Keeps the push that a tag points to, and the last verdict of an existing tag.
   */
  async deletePushes(days: number): Promise<number> {
    const inUse = await digestsInUse(this.store);
    let deleted = 0;
    for (let after = '00000000-0000-0000-0000-000000000000'; ;) {
      const page = await this.store.rows(
        pushColumns.computed<{ isExpired: boolean }>({ isExpired: isPushExpired }),
        `FROM push WHERE id > $1 AND received_at < ${cutoff} ORDER BY id LIMIT ${pushPageSize}`,
        [after, days, inUse],
      );
      const expired = Map.groupBy(
        page.filter(({ isExpired }) => isExpired),
        ({ connection, repository }) => `${connection} ${repository}`,
      );
      for (const batch of [...expired.values()].flatMap(batchesOf)) {
        deleted += await this.#deletePushes(batch, days, inUse);
      }
      if (page.length < pushPageSize) break;
      after = page.at(-1)!.id;
    }
    await this.#deleteEntries(days);
    return deleted;
  }

  async #deletePushes(batch: readonly ListedPush[], days: number, inUse: readonly Digest[]): Promise<number> {
    return this.store.transaction(async (tx) => {
      // Every change of the tag ledger holds this lock.
      await lockRepository(tx, batch[0]!);
      const ids = batch.map(({ id }) => id);
      await tx.query('SELECT id FROM push WHERE id = ANY($1) ORDER BY id FOR UPDATE', [ids]);
      const expired = await tx.rows(pushColumns, `FROM push WHERE id = ANY($1) AND ${isPushExpired}`, [
        ids,
        days,
        inUse,
      ]);
      const gone = expired.map(({ id }) => id);
      await tx.query('DELETE FROM tag_ledger WHERE push_id = ANY($1)', [gone]);
      await tx.query('DELETE FROM push WHERE id = ANY($1)', [gone]);
      return gone.length;
    });
  }

  /** Deletes entries of the tag ledger without a push, and the last one of a deleted tag. */
  async #deleteEntries(days: number): Promise<void> {
    const others = (condition: string) => `EXISTS (SELECT FROM tag_ledger AS other
      WHERE (other.connection, other.repository, other.tag) = (entry.connection, entry.repository, entry.tag) AND ${condition})`;
    await this.#repeat((tx) =>
      tx.query(
        `DELETE FROM tag_ledger WHERE id = ANY(ARRAY(
           SELECT id FROM tag_ledger AS entry
           WHERE push_id IS NULL AND recorded_at < now() - $1::int * interval '1 day'
             AND (${others('other.position > entry.position')} OR (digest IS NULL AND NOT ${others('other.id <> entry.id')}))
           LIMIT ${pageSize} FOR UPDATE SKIP LOCKED)) RETURNING id`,
        [days],
      ),
    );
  }

  /**
   * Deletes images that no existing tag, no container, no open incident and no push of the last
   * `days` refers to.
   */
  async deleteImages(days: number): Promise<number> {
    const inUse = await digestsInUse(this.store);
    let deleted = 0;
    for (let after = ''; ;) {
      const page = await this.store.rows(
        digestOnly.computed<{ isExpired: boolean }>({ isExpired: isImageExpired }),
        `FROM image WHERE digest > $1 ORDER BY digest LIMIT ${pageSize}`,
        [after, days, inUse],
      );
      for (const batch of batchesOf(page.filter(({ isExpired }) => isExpired))) {
        const digests = batch.map(({ digest }) => digest);
        deleted += await this.store.transaction((tx) => deleteImages(tx, digests, days, inUse));
      }
      if (page.length < pageSize) return deleted;
      after = page.at(-1)!.digest;
    }
  }

  /** Deletes layers, packages and their data that no image has; returns how many of each. */
  async deleteUnused(): Promise<Record<UnusedTable, number>> {
    const deleted = { layer_failure: 0, layer_blob: 0, layer: 0, package: 0, package_content: 0 };
    for (const table of Object.keys(unusedRows) as UnusedTable[]) {
      const isUnused = unusedRows[table];
      for (;;) {
        // Searched without the lock: only few rows are looked at again while pushes wait.
        const found = await this.store.aggregate<{ ctid: string }>(
          `SELECT ctid::text FROM ${table} WHERE ${isUnused} LIMIT ${pageSize}`,
        );
        let gone = 0;
        for (const batch of batchesOf(found)) gone += await this.#deleteRows(table, isUnused, batch);
        deleted[table] += gone;
        if (found.length < pageSize || gone === 0) break;
      }
    }
    return deleted;
  }

  async #deleteRows(table: UnusedTable, isUnused: string, rows: readonly { ctid: string }[]): Promise<number> {
    const ctids = rows.map(({ ctid }) => ctid);
    return this.store.transaction(async (tx) => {
      await lockReferences(tx, 'exclusive');
      const gone = await tx.query(
        `DELETE FROM ${table} WHERE ctid = ANY($1::tid[]) AND ${isUnused} RETURNING 1 AS one`,
        [ctids],
      );
      return gone.length;
    });
  }

  async #repeat(step: (tx: Transaction) => Promise<unknown[]>): Promise<void> {
    while ((await this.store.transaction(step)).length === pageSize);
  }
}

/** Digests of images and indexes that containers run or open incidents are about. */
export async function digestsInUse(queries: Queries): Promise<Digest[]> {
  const rows = await queries.aggregate<{ digest: Digest }>(
    `SELECT image_digest AS digest FROM container_ledger WHERE image_digest IS NOT NULL
     UNION SELECT unnest(claimed_digests) FROM container_ledger
     UNION SELECT image_digest FROM incident WHERE state = 'open' AND image_digest IS NOT NULL`,
  );
  return rows.map(({ digest }) => digest);
}

async function deleteImages(
  tx: Transaction,
  digests: readonly Digest[],
  days: number,
  inUse: readonly Digest[],
): Promise<number> {
  await lockReferences(tx, 'exclusive');
  // A statement of its own: its snapshot has every push that committed before the lock.
  const expired = await tx.rows(
    digestOnly,
    `FROM image WHERE digest = ANY($1) AND ${isImageExpired} FOR UPDATE SKIP LOCKED`,
    [digests, days, inUse],
  );
  const gone = expired.map(({ digest }) => digest);
  await tx.query('DELETE FROM push_image WHERE image_digest = ANY($1)', [gone]);
  await tx.query('DELETE FROM image WHERE digest = ANY($1)', [gone]);
  return gone.length;
}

function batchesOf<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / batchSize) }, (_, index) =>
    items.slice(index * batchSize, (index + 1) * batchSize),
  );
}
