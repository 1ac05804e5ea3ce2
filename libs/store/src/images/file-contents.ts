import { zstdDecompressSync } from 'node:zlib';

import { Injectable } from '@nestjs/common';
import type { Digest } from '@tidewaiter/domain';
import { contentKeyOf, PackedManifest } from '@tidewaiter/facts';

import { columnsOf, type RowOf } from '../core/columns.js';
import { GroupCommit } from '../core/group-commit.js';
import { Store, type Transaction } from '../core/store.js';
import { ImageLayerRow, LayerRow } from './layer-rows.js';

/** Limit on the images in the result of one search by content. */
export const maxHolders = 10_000;
/**
 * Limits of the batcher: searches at the same moment, as by incidents in one message, share a
 * transaction.
 */
const togetherLimits = { concurrency: 1, batchBytes: 64, waitingBytes: Infinity, timeoutMs: 60_000 };

const layerColumns = columnsOf(ImageLayerRow, { only: ['imageDigest', 'diffId'] });

const diffIdOnly = columnsOf(LayerRow, { only: ['diffId'] });
/** SQL condition on a layer: no index has its contents. */
const isUnlisted = `coalesce(content_keys, '{}') = '{}'`;

type LayerOfImage = RowOf<typeof layerColumns>;

/** Contents of the files of a layer. */
export interface LayerContents {
  diffId: Digest;
  /** As `contentKeysOf` returns them. */
  keys: BigInt64Array;
}

/**
 * Images by the content of their files. The index is of layers, which images share; each image
 * lists what its upper layers hide of the lower ones.
 */
@Injectable()
export class FileContents {
  readonly #holders = new GroupCommit(async (keys: readonly string[]) => this.#holdersOf(keys), togetherLimits);

  constructor(private readonly store: Store) {}

  /** Indexes an image by its layers and its visible files. */
  async put(tx: Transaction, digest: Digest, layers: readonly LayerContents[], files: PackedManifest): Promise<void> {
    const visible = files.contentKeys();
    const hidden = new Set<bigint>();
    const unlisted = await tx.rows(diffIdOnly, `FROM layer WHERE diff_id = ANY($1) AND ${isUnlisted}`, [
      layers.map(({ diffId }) => diffId),
    ]);
    const unlistedIds = new Set(unlisted.map(({ diffId }) => diffId));
    // In one order, so that two images cannot deadlock.
    for (const { diffId, keys } of layers.toSorted((a, b) => (a.diffId < b.diffId ? -1 : 1))) {
      if (unlistedIds.has(diffId)) {
        const update = `UPDATE layer SET content_keys = $2::bigint[] WHERE diff_id = $1 AND ${isUnlisted}`;
        await tx.query(update, [diffId, arrayOf(keys)]);
      }
      for (const key of missingIn(visible, keys)) hidden.add(key);
    }
    await tx.query('UPDATE image SET hidden_contents = $2::bigint[] WHERE digest = $1', [digest, arrayOf([...hidden])]);
  }

  /** Images with a visible file of this content, {@link maxHolders} at most. */
  async holding(sha256: string): Promise<Digest[]> {
    // Sensors may send invalid hashes.
    if (!/^[0-9a-f]{64}$/i.test(sha256)) return [];
    const key = contentKeyOf(sha256).toString();
    // Searches that share a transaction share the limits of the first one.
    if (this.store.isLimited) return (await this.#holdersOf([key]))[0]!;
    return this.#holders.add(key, 1);
  }

  async #holdersOf(keys: readonly string[]): Promise<Digest[][]> {
    const rows = await this.store.transaction(async (tx) => {
      // The planner ignores the size of the arrays, which are stored out of line, and would scan
      // the whole table.
      await tx.query('SET LOCAL enable_seqscan = off');
      return tx.aggregate<{ key: string; digest: Digest }>(
        // An image may have a content in several layers: the inner limit bounds the work.
        `SELECT key::text, digest FROM (SELECT DISTINCT key FROM unnest($1::bigint[]) AS key) AS asked CROSS JOIN LATERAL (
           SELECT DISTINCT digest FROM (
             SELECT digest FROM layer
               -- A manifest may claim any diffID: only a blob that was found to hold it speaks for the layer.
               JOIN layer_blob USING (diff_id) JOIN image_layer USING (blob_digest, size_bytes, diff_id) JOIN image ON digest = image_digest
             WHERE content_buckets(content_keys) @> content_buckets(ARRAY[key]) AND content_keys @> ARRAY[key]
               AND hidden_contents IS NOT NULL AND NOT hidden_contents @> ARRAY[key]
             UNION ALL SELECT image_digest FROM image_manifest WHERE contents @> ARRAY[key] LIMIT ${2 * maxHolders}) AS candidate
           LIMIT ${maxHolders}) AS held`,
        [keys],
      );
    });
    const byKey = Map.groupBy(rows, ({ key }) => key);
    return keys.map((key) => (byKey.get(key) ?? []).map(({ digest }) => digest));
  }

  /** Layers of images that have a file of this content, of indexed ones. */
  async layersWith(digests: readonly Digest[], sha256: string): Promise<LayerOfImage[]> {
    return this.store.rows(
      layerColumns,
      `FROM image_layer JOIN layer_blob USING (blob_digest, size_bytes, diff_id) JOIN layer USING (diff_id)
       WHERE image_digest = ANY($1) AND content_keys @> ARRAY[$2::bigint]`,
      [digests, contentKeyOf(sha256).toString()],
    );
  }

  /** Lists the contents of images that no index has, in a batch; returns how many. */
  async list(limit: number): Promise<number> {
    return this.store.transaction(async (tx) => {
      const rows = await tx.aggregate<{ digest: Digest; files: Buffer }>(
        `SELECT image_digest AS digest, files FROM image_manifest WHERE contents IS NULL LIMIT $1 FOR UPDATE SKIP LOCKED`,
        [limit],
      );
      for (const { digest, files } of rows) {
        const contents = arrayOf(new PackedManifest(zstdDecompressSync(files)).contentKeys());
        await tx.query('UPDATE image_manifest SET contents = $2 WHERE image_digest = $1', [digest, contents]);
      }
      return rows.length;
    });
  }

  /**
   * Moves images that list all their contents to the index of layers; returns the last digest of
   * the batch, null after the end. An image with a layer that no current analyzer has read stays.
   */
  async convert(after: string, limit: number): Promise<Digest | null> {
    return this.store.transaction(async (tx) => {
      const rows = await tx.aggregate<{ digest: Digest }>(
        `SELECT image_digest AS digest FROM image_manifest JOIN image ON digest = image_digest
         WHERE image_digest > $1 AND hidden_contents IS NULL AND contents IS NOT NULL ORDER BY 1 LIMIT $2`,
        [after, limit],
      );
      await tx.query(
        `UPDATE image SET hidden_contents = ARRAY(SELECT unnest(layers.keys) EXCEPT SELECT unnest(contents))
         FROM image_manifest JOIN LATERAL (
           SELECT coalesce(array_agg(DISTINCT key), '{}') AS keys FROM image_layer JOIN layer USING (diff_id), unnest(content_keys) AS key
           WHERE image_layer.image_digest = image_manifest.image_digest) AS layers ON true
         WHERE digest = image_manifest.image_digest AND digest = ANY($1) AND contents <@ layers.keys`,
        [rows.map(({ digest }) => digest)],
      );
      await tx.query(
        `UPDATE image_manifest SET contents = '{}' WHERE image_digest = ANY($1)
           AND EXISTS (SELECT FROM image WHERE digest = image_digest AND hidden_contents IS NOT NULL)`,
        [rows.map(({ digest }) => digest)],
      );
      return rows.at(-1)?.digest ?? null;
    });
  }
}

/** Array literal of PostgreSQL, since a million boxed numbers would take a hundred megabytes. */
function arrayOf(keys: BigInt64Array | readonly bigint[]): string {
  return `{${keys.join(',')}}`;
}

/** Keys that are not in `others`; both are sorted. */
function* missingIn(others: BigInt64Array, keys: BigInt64Array): Generator<bigint> {
  let at = 0;
  for (const key of keys) {
    while (at < others.length && others[at]! < key) at += 1;
    if (others[at] !== key) yield key;
  }
}
