import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

import { Injectable } from '@nestjs/common';
import { decodeFacts, imageFiles } from '@tidewaiter/analyzers';
import type { Digest } from '@tidewaiter/domain';
import { contentKeyOf, PackedManifest, packManifest } from '@tidewaiter/facts';
import { canDecodeEntries, decodeEntries, overlay } from '@tidewaiter/oci';

import { GroupCommit } from '../core/group-commit.js';
import { Store, type Transaction } from '../core/store.js';
import { Images } from './images.js';

/** Limit on the images in the result of one search by content. */
export const maxHolders = 10_000;
/**
 * Limits of the batcher: searches at the same moment, as by incidents in one message, share a
 * transaction.
 */
const togetherLimits = { concurrency: 1, batchBytes: 64, waitingBytes: Infinity, timeoutMs: 60_000 };

/** The files of images, packed for look-ups. */
@Injectable()
export class ImageManifests {
  readonly #holders = new GroupCommit(async (keys: readonly string[]) => this.#holdersOf(keys), togetherLimits);

  constructor(
    private readonly store: Store,
    private readonly images: Images,
  ) {}

  async put(tx: Transaction, digest: Digest, files: PackedManifest): Promise<void> {
    await tx.query(
      `INSERT INTO image_manifest (image_digest, files, contents) VALUES ($1, $2, $3)
       ON CONFLICT (image_digest) DO UPDATE SET files = EXCLUDED.files, contents = EXCLUDED.contents`,
      [digest, zstdCompressSync(files.bytes), contentsOf(files)],
    );
  }

  /**
   * Files of an image; rebuilt from its layers if it was analyzed before files were stored. Null
   * while layers are missing.
   */
  async get(digest: Digest): Promise<PackedManifest | null> {
    const [row] = await this.store.aggregate<{ files: Buffer }>(
      'SELECT files FROM image_manifest WHERE image_digest = $1',
      [digest],
    );
    return row ? new PackedManifest(zstdDecompressSync(row.files)) : this.#fromLayers(digest);
  }

  /** Images with a file of this content, {@link maxHolders} at most. */
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
        `SELECT key::text, digest FROM (SELECT DISTINCT key FROM unnest($1::bigint[]) AS key) AS asked CROSS JOIN LATERAL (
           SELECT image_digest AS digest FROM image_manifest WHERE contents @> ARRAY[key] LIMIT ${maxHolders}) AS held`,
        [keys],
      );
    });
    const byKey = Map.groupBy(rows, ({ key }) => key);
    return keys.map((key) => (byKey.get(key) ?? []).map(({ digest }) => digest));
  }

  /** Adds search keys to a batch of rows from before searches by content; returns how many. */
  async fillContents(limit: number): Promise<number> {
    return this.store.transaction(async (tx) => {
      const rows = await tx.aggregate<{ digest: Digest; files: Buffer }>(
        `SELECT image_digest AS digest, files FROM image_manifest WHERE contents IS NULL LIMIT $1 FOR UPDATE SKIP LOCKED`,
        [limit],
      );
      for (const { digest, files } of rows) {
        const contents = contentsOf(new PackedManifest(zstdDecompressSync(files)));
        await tx.query('UPDATE image_manifest SET contents = $2 WHERE image_digest = $1', [digest, contents]);
      }
      return rows.length;
    });
  }

  async #fromLayers(digest: Digest): Promise<PackedManifest | null> {
    const layers = await this.images.layers(digest);
    if (layers.length === 0) return null;
    // Half an image would make the files of the other half look like intruders.
    const read = layers.flatMap(({ facts, entries }) =>
      facts && entries && canDecodeEntries(entries)
        ? [{ facts: decodeFacts(facts), entries: decodeEntries(entries) }]
        : [],
    );
    if (read.length < layers.length) return null;
    const files = packManifest(imageFiles(read, overlay(read.map(({ entries }) => entries))));
    await this.store.unlimited(async () => this.store.transaction((tx) => this.put(tx, digest, files)));
    return files;
  }
}

/** Array literal of PostgreSQL, since a million boxed numbers would take a hundred megabytes. */
function contentsOf(files: PackedManifest): string {
  return `{${files.contentKeys().join(',')}}`;
}
