import { Injectable } from '@nestjs/common';
import type { Digest, LayerClaim } from '@tidewaiter/domain';
import type { UnreadLayer } from '@tidewaiter/integrity';

import { columnsOf } from '../core/columns.js';
import { Store, type Transaction } from '../core/store.js';
import { claimKey } from './layer-key.js';
import { ImageLayerRow, LayerFailureRow } from './layer-rows.js';
import { PushRow } from './pushes/push-rows.js';
import { isCurrent, type RepositoryPlace } from './pushes/pushes.js';
import { isLayerRead, type LayerReader } from './read-layers.js';

/** Reason why a layer could not be read. */
export type LayerFailure = Pick<UnreadLayer, 'code' | 'limit' | 'reason'>;

/**
 * SQL condition for limits that depend on the bytes alone: another try with the same limits fails
 * again.
 */
const lastingLimits = `layer_failure.code = 'LIMIT_EXCEEDED' AND limit_name <> 'maxLayerSeconds'`;

const claimColumns = '(blob_digest, size_bytes, diff_id)';

const pushId = columnsOf(PushRow, { only: ['id'] });
const claim = columnsOf(ImageLayerRow, { only: ['blobDigest', 'sizeBytes', 'diffId'] });
const refreshableClaim = claim.computed<{ hasFailed: boolean }>({ hasFailed: 'reader IS NOT NULL' });
const unreadColumns = columnsOf(ImageLayerRow, { only: ['imageDigest', 'index', 'diffId', 'createdBy'] })
  .and(columnsOf(LayerFailureRow, { only: ['code', 'limit', 'reason'] }))
  .computed<{ digest: Digest }>({ digest: 'blob_digest' });

/** Layers that could not be read, by the repository that was asked. */
@Injectable()
export class LayerFailures {
  constructor(private readonly store: Store) {}

  /**
   * Locks a layer until the transaction ends, so that it is not stored as read and as unreadable at
   * once.
   */
  async lock(tx: Transaction, layer: LayerClaim): Promise<void> {
    await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [claimKey(layer)]);
  }

  /**
   * Records that a layer could not be read from a repository, unless it was read elsewhere
   * meanwhile. Call {@link lock} before.
   */
  async put(
    tx: Transaction,
    { blobDigest, sizeBytes, diffId }: LayerClaim,
    { connection, repository }: RepositoryPlace,
    { code, limit, reason }: LayerFailure,
    { analyzersVersion, reader }: LayerReader,
  ): Promise<void> {
    await tx.query(
      `INSERT INTO layer_failure (blob_digest, size_bytes, diff_id, connection, repository, code, limit_name, reason, reader)
       SELECT image_layer.*, $4, $5, $6, $7, $8, $9 FROM (VALUES ($1, $2::bigint, $3)) AS image_layer ${claimColumns}
       WHERE NOT ${isLayerRead('$10')}
       ON CONFLICT ON CONSTRAINT layer_failure_pk DO UPDATE SET code = EXCLUDED.code, limit_name = EXCLUDED.limit_name,
         reason = EXCLUDED.reason, reader = EXCLUDED.reader, failed_at = EXCLUDED.failed_at`,
      [blobDigest, sizeBytes, diffId, connection, repository, code, limit, reason, reader, analyzersVersion],
    );
  }

  /** Whether this reader could not read a layer from a repository after a job was enqueued. */
  async hasFailedSince(
    jobId: string,
    { blobDigest, sizeBytes, diffId }: LayerClaim,
    { connection, repository }: RepositoryPlace,
    { reader }: LayerReader,
  ): Promise<boolean> {
    const failures = await this.store.query(
      `SELECT FROM layer_failure WHERE ${claimColumns} = ($2, $3, $4) AND (connection, repository) = ($5, $6) AND reader = $7
         AND failed_at >= (SELECT created_at FROM job WHERE id = $1)`,
      [jobId, blobDigest, sizeBytes, diffId, connection, repository, reader],
    );
    return failures.length > 0;
  }

  /** Deletes the failures of a layer that was read. */
  async clear(tx: Transaction, { blobDigest, sizeBytes, diffId }: LayerClaim): Promise<void> {
    await tx.query(`DELETE FROM layer_failure WHERE ${claimColumns} = ($1, $2, $3)`, [blobDigest, sizeBytes, diffId]);
  }

  /**
   * Layers of a push that are neither read nor known to be unreadable in its own repository.
   * Failures from before the push are retried, as the blob may have been replaced, unless its bytes
   * exceed a limit of this reader.
   */
  async pending(tx: Transaction, pushId: string, { analyzersVersion, reader }: LayerReader): Promise<LayerClaim[]> {
    return tx.rows(
      claim,
      (list) => `SELECT DISTINCT ${list}
       FROM push JOIN push_image ON push_id = push.id JOIN image_layer USING (image_digest)
       WHERE push.id = $1 AND NOT ${isLayerRead('$2')} AND NOT EXISTS (
         SELECT FROM layer_failure
         WHERE (layer_failure.blob_digest, layer_failure.size_bytes, layer_failure.diff_id)
             = (image_layer.blob_digest, image_layer.size_bytes, image_layer.diff_id)
           AND (layer_failure.connection, layer_failure.repository) = (push.connection, push.repository)
           AND (failed_at >= push.received_at OR (${lastingLimits} AND reader = $3)))
       ORDER BY 1, 2, 3`,
      [pushId, analyzersVersion, reader],
    );
  }

  /**
   * Layers of a push that these analyzers have not read and that are worth a try: not those that
   * failed within the last hour, nor those that exceed a present limit.
   */
  async refreshable(
    tx: Transaction,
    pushId: string,
    { analyzersVersion, reader }: LayerReader,
  ): Promise<(LayerClaim & { hasFailed: boolean })[]> {
    return tx.rows(
      refreshableClaim,
      (list) => `SELECT DISTINCT ${list}
       FROM push JOIN push_image ON push_id = push.id JOIN image_layer USING (image_digest)
       LEFT JOIN layer_failure USING (blob_digest, size_bytes, diff_id, connection, repository)
       WHERE push.id = $1 AND NOT ${isLayerRead('$2')}
         AND (reader IS NULL OR reader <> $3 OR (failed_at < now() - interval '1 hour' AND NOT (${lastingLimits})))
       ORDER BY 1, 2, 3`,
      [pushId, analyzersVersion, reader],
    );
  }

  /** Pushes that tags point to and whose images were analyzed without this layer. */
  async lacking(tx: Transaction, { blobDigest, sizeBytes, diffId }: LayerClaim): Promise<string[]> {
    const rows = await tx.rows(
      pushId,
      `FROM push WHERE state = 'analyzed' AND id IN (
         SELECT push_id FROM push_image JOIN image ON image.digest = image_digest JOIN image_layer USING (image_digest)
         WHERE ${claimColumns} = ($1, $2, $3) AND index = ANY(unread_layers)) AND ${isCurrent} ORDER BY id DESC`,
      [blobDigest, sizeBytes, diffId],
    );
    return rows.map(({ id }) => id);
  }
}

/** Unreadable layers of some images in one repository, or in any. */
export async function unreadLayersOf(
  store: Store,
  imageDigests: readonly Digest[],
  place?: RepositoryPlace,
): Promise<(UnreadLayer & { imageDigest: Digest })[]> {
  return store.rows(
    unreadColumns,
    (list) => `SELECT DISTINCT ON (image_digest, index) ${list}
     FROM layer_failure JOIN image_layer USING (blob_digest, size_bytes, diff_id)
     WHERE image_digest = ANY($1) AND CASE WHEN $2::text IS NULL
       -- One repository's failure is no finding of an image that lies in another one.
       THEN EXISTS (
         SELECT FROM push_image JOIN push ON push.id = push_id
         WHERE push_image.image_digest = image_layer.image_digest
           AND (push.connection, push.repository) = (layer_failure.connection, layer_failure.repository))
       ELSE (connection, repository) = ($2, $3) END
     ORDER BY image_digest, index, failed_at DESC`,
    [imageDigests, place?.connection ?? null, place?.repository ?? null],
  );
}
