import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

import { Injectable } from '@nestjs/common';
import { decodeFacts, imageFiles } from '@tidewaiter/analyzers';
import type { Digest } from '@tidewaiter/domain';
import { PackedManifest, packManifest } from '@tidewaiter/facts';
import { canDecodeEntries, decodeEntries, overlay } from '@tidewaiter/oci';

import { Images } from './images.js';
import { Store, type Transaction } from './store.js';

/** The files of images, packed for look-ups. */
@Injectable()
export class ImageManifests {
  constructor(
    private readonly store: Store,
    private readonly images: Images,
  ) {}

  async put(tx: Transaction, digest: Digest, files: PackedManifest): Promise<void> {
    await tx.query(
      `INSERT INTO image_manifest (image_digest, files) VALUES ($1, $2)
       ON CONFLICT (image_digest) DO UPDATE SET files = EXCLUDED.files`,
      [digest, zstdCompressSync(files.bytes)],
    );
  }

  /** The files of an image; of one that was analysed before they were kept, from its layers. Null while layers are missing. */
  async get(digest: Digest): Promise<PackedManifest | null> {
    const [row] = await this.store.query<{ files: Buffer }>(
      'SELECT files FROM image_manifest WHERE image_digest = $1',
      [digest],
    );
    return row ? new PackedManifest(zstdDecompressSync(row.files)) : this.#fromLayers(digest);
  }

  async #fromLayers(digest: Digest): Promise<PackedManifest | null> {
    const [layers, all] = [await this.images.layers(digest), await this.images.layerList(digest)];
    // Half an image would make the files of the other half look like intruders.
    if (all.length === 0 || layers.length < all.length) return null;
    if (!layers.every(({ entries }) => canDecodeEntries(entries))) return null;
    const read = layers.map((layer) => ({ facts: decodeFacts(layer.facts), entries: decodeEntries(layer.entries) }));
    const files = packManifest(imageFiles(read, overlay(read.map(({ entries }) => entries))));
    await this.store.transaction((tx) => this.put(tx, digest, files));
    return files;
  }
}
