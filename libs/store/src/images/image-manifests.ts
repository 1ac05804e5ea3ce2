import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

import { Injectable } from '@nestjs/common';
import { decodeFacts, imageFiles } from '@tidewaiter/analyzers';
import type { Digest } from '@tidewaiter/domain';
import { PackedManifest, packManifest } from '@tidewaiter/facts';
import { canDecodeEntries, decodeEntries, overlay } from '@tidewaiter/oci';

import { Store, type Transaction } from '../core/store.js';
import { maxMergedEntries } from '../workloads/workload-rows.js';
import { Images } from './images.js';

/**
 * The files of images, packed for look-ups: a cache, as they follow from the layers. A row without
 * a running container is deleted after a day, but for images with more than
 * {@link maxMergedEntries}.
 */
@Injectable()
export class ImageManifests {
  constructor(
    private readonly store: Store,
    private readonly images: Images,
  ) {}

  async put(tx: Transaction, digest: Digest, files: PackedManifest): Promise<void> {
    await tx.query(
      // Contents are listed only while the layers are not indexed.
      `INSERT INTO image_manifest (image_digest, files, contents)
       SELECT digest, $2, CASE WHEN hidden_contents IS NOT NULL THEN '{}'::bigint[] END FROM image WHERE digest = $1
       ON CONFLICT (image_digest) DO UPDATE
         SET files = EXCLUDED.files, contents = coalesce(EXCLUDED.contents, image_manifest.contents), stored_at = now()`,
      [digest, zstdCompressSync(files.bytes)],
    );
  }

  /**
   * Files of an image; rebuilt from its layers if they are not stored. Null while layers are
   * missing, and for an image of which only the scanner merges the layers.
   */
  async get(digest: Digest): Promise<PackedManifest | null> {
    return (await this.of([digest]))[0]!;
  }

  /** {@link get} several images, in their order. */
  async of(digests: readonly Digest[]): Promise<(PackedManifest | null)[]> {
    const rows = await this.store.aggregate<{ digest: Digest; files: Buffer }>(
      'SELECT image_digest AS digest, files FROM image_manifest WHERE image_digest = ANY($1)',
      [digests],
    );
    const known = new Map(rows.map(({ digest, files }) => [digest, files]));
    const manifests: (PackedManifest | null)[] = [];
    for (const digest of digests) {
      const files = known.get(digest);
      manifests.push(files ? new PackedManifest(zstdDecompressSync(files)) : await this.#fromLayers(digest));
    }
    return manifests;
  }

  async #fromLayers(digest: Digest): Promise<PackedManifest | null> {
    const layers = await this.images.layers(digest, maxMergedEntries);
    if (!layers?.length) return null;
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
