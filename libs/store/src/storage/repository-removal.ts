import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';

import { Store, type Transaction } from '../core/store.js';
import { digestsInUse, isTagged } from '../images/image-retention.js';
import { finalPushStates } from '../images/pushes/push-rows.js';
import { lockRepository } from '../images/pushes/tag-ledger.js';
import { lockReferences } from '../images/reference-lock.js';
import { deleteNextBatch, type Removal, type RemovalBatch, type RemovalPreview } from './removal-batches.js';

/** Pushes or images that one transaction deletes: other pushes wait for it. */
const batchSize = 50;
const rowBatchSize = 1_000;
/** A push in analysis ends in a moment; a container may run for long. */
const [analysisSeconds, useSeconds] = [5, 3_600];

const states = finalPushStates.map((state) => `'${state}'`).join(', ');
const isOfPlace = '(push.connection, push.repository) = ($1, $2)';

/** SQL condition on a row of `push`: one of the digests in use, `$3`, is its own or its image's. */
const isUsed = `(coalesce(push.digest, '') = ANY($3::text[]) OR EXISTS (
  SELECT FROM push_image WHERE push_id = push.id AND image_digest = ANY($3::text[])))`;

/** Rows about a repository, without a foreign key to its pushes; $3 is the time of the order. */
const placeRows = {
  tag_ledger: 'recorded_at <= $3 AND push_id IS NULL',
  registry_tag: `NOT EXISTS (SELECT FROM push WHERE ${isOfPlace} AND received_at > $3)`,
  registry_repository: `NOT EXISTS (SELECT FROM push WHERE ${isOfPlace} AND received_at > $3)`,
  layer_failure: `failed_at <= $3`,
  repository_finding: `NOT EXISTS (SELECT FROM push JOIN push_image ON push_id = push.id
    WHERE ${isOfPlace} AND push_image.image_digest = repository_finding.image_digest)`,
  image_provenance: `NOT EXISTS (SELECT FROM push JOIN push_image ON push_id = push.id
    WHERE ${isOfPlace} AND push_image.image_digest = image_provenance.image_digest)`,
} as const;

/**
 * Deletes the pushes of a repository that arrived before the order, its tags, and the images that
 * no other repository has. Layers and packages go with the last image that has them.
 */
@Injectable()
export class RepositoryRemoval {
  constructor(private readonly store: Store) {}

  async preview({ connection, name }: { connection: string; name: string }): Promise<RemovalPreview> {
    const inUse = await digestsInUse(this.store);
    const [counts] = await this.store.aggregate<Record<'pushes' | 'used' | 'tags' | 'images' | 'shared', number>>(
      `WITH own AS MATERIALIZED (SELECT id, ${isUsed} AS is_used FROM push WHERE ${isOfPlace}),
       had AS MATERIALIZED (SELECT image_digest, bool_or(is_used) AS is_used FROM own JOIN push_image ON push_id = own.id GROUP BY image_digest),
       held AS MATERIALIZED (SELECT is_used, EXISTS (
           SELECT FROM push_image JOIN push ON push.id = push_id WHERE push_image.image_digest = had.image_digest AND NOT ${isOfPlace}) AS is_shared
         FROM had)
       SELECT (SELECT count(*) FROM own WHERE NOT is_used)::float8 AS pushes, (SELECT count(*) FROM own WHERE is_used)::float8 AS used,
         (SELECT count(DISTINCT tag) FROM tag_ledger WHERE (connection, repository) = ($1, $2))::float8 AS tags,
         (SELECT count(*) FROM held WHERE NOT is_used AND NOT is_shared)::float8 AS images,
         (SELECT count(*) FROM held WHERE NOT is_used AND is_shared)::float8 AS shared`,
      [connection, name, inUse],
    );
    const { pushes, used, tags, images, shared } = counts!;
    return {
      deleted: { pushes, tags, images },
      kept: { 'pushes in use': used, 'images of other repositories': shared },
    };
  }

  /** Deletes a batch; returns whether there may be more to do now. */
  async step(): Promise<boolean> {
    return deleteNextBatch(this.store, 'repository', async (tx, removal) => this.#deleteBatch(tx, removal));
  }

  async #deleteBatch(tx: Transaction, removal: Removal): Promise<RemovalBatch> {
    const inUse = await digestsInUse(tx);
    const pushes = await this.#deletePushes(tx, removal, inUse);
    if (pushes > 0) return { deleted: { pushes } };
    const rows = await deletePlace(tx, removal);
    if (rows > 0) return { deleted: { 'other rows': rows } };
    const images = await deleteImages(tx, removal, inUse);
    if (images !== null) return { deleted: { images } };
    return waitsFor(tx, removal, inUse);
  }

  async #deletePushes(
    tx: Transaction,
    { id, connection, name, requestedAt }: Removal,
    inUse: Digest[],
  ): Promise<number> {
    const free = `FROM push WHERE ${isOfPlace} AND received_at <= $4 AND state IN (${states}) AND NOT ${isUsed}`;
    const parameters = [connection, name, inUse, requestedAt];
    // Looked for without the lock, which also keeps images from being deleted.
    const found = await tx.aggregate<{ id: string }>(`SELECT id ${free} LIMIT ${batchSize}`, parameters);
    if (found.length === 0) return 0;
    await lockRepository(tx, { connection: connection!, repository: name });
    const locked = await tx.aggregate<{ id: string }>(`SELECT id ${free} AND id = ANY($5) ORDER BY id FOR UPDATE`, [
      ...parameters,
      found.map((each) => each.id),
    ]);
    const gone = locked.map((each) => each.id);
    await tx.query(
      `INSERT INTO removal_image (removal_id, image_digest)
       SELECT DISTINCT $1::uuid, image_digest FROM push_image WHERE push_id = ANY($2) ON CONFLICT DO NOTHING`,
      [id, gone],
    );
    await tx.query('DELETE FROM tag_ledger WHERE push_id = ANY($1)', [gone]);
    await tx.query('DELETE FROM push WHERE id = ANY($1)', [gone]);
    return gone.length;
  }
}

async function deletePlace(tx: Transaction, { connection, name, requestedAt }: Removal): Promise<number> {
  for (const [table, condition] of Object.entries(placeRows)) {
    const gone = await tx.query(
      `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM ${table} WHERE (connection, repository) = ($1, $2) AND $3::timestamptz IS NOT NULL AND ${condition}
         LIMIT ${rowBatchSize} FOR UPDATE SKIP LOCKED)) RETURNING 1 AS one`,
      [connection, name, requestedAt],
    );
    if (gone.length > 0) return gone.length;
  }
  return 0;
}

/** Returns how many images of the next candidates it deleted; null without candidates. */
async function deleteImages(tx: Transaction, { id }: Removal, inUse: readonly Digest[]): Promise<number | null> {
  const candidates = await tx.aggregate<{ digest: Digest }>(
    `SELECT image_digest AS digest FROM removal_image WHERE removal_id = $1 ORDER BY image_digest LIMIT ${batchSize}`,
    [id],
  );
  if (candidates.length === 0) return null;
  await lockReferences(tx, 'exclusive');
  const digests = candidates.map(({ digest }) => digest);
  // A statement of its own: its snapshot has every push that committed before the lock.
  const gone = await tx.query(
    `DELETE FROM image WHERE digest = ANY($1) AND digest <> ALL($2::text[])
       AND NOT EXISTS (SELECT FROM push_image WHERE image_digest = image.digest) AND NOT ${isTagged('image.digest')}
     RETURNING 1 AS one`,
    [digests, inUse],
  );
  await tx.query('DELETE FROM removal_image WHERE removal_id = $1 AND image_digest = ANY($2)', [id, digests]);
  return gone.length;
}

/** Waits for pushes that are being analyzed, and for images that run. */
async function waitsFor(
  tx: Transaction,
  { connection, name, requestedAt }: Removal,
  inUse: readonly Digest[],
): Promise<RemovalBatch> {
  const [left] = await tx.aggregate<{ analyzing: number; used: number }>(
    `SELECT (count(*) FILTER (WHERE state NOT IN (${states})))::float8 AS analyzing, (count(*) FILTER (WHERE ${isUsed}))::float8 AS used
     FROM push WHERE ${isOfPlace} AND received_at <= $4`,
    [connection, name, inUse, requestedAt],
  );
  const { analyzing, used } = left!;
  if (analyzing + used === 0) return null;
  const waitSeconds = analyzing > 0 ? analysisSeconds : useSeconds;
  return { waitSeconds, kept: { 'pushes in analysis': analyzing, 'pushes in use': used } };
}
