import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Layer } from '@tidewaiter/domain';
import type { PackedLayer } from '@tidewaiter/sandbox';

/** Header: size of the tar as a double, number of entries, length of the facts. */
const headBytes = 16;

/** Cached data of a layer; its list of files may come in pieces. */
export interface LayerToKeep extends Pick<PackedLayer, 'uncompressedBytes' | 'entryCount' | 'facts'> {
  entries: Iterable<Uint8Array>;
}

/**
 * Cache of analyzed layers, one file each. The key includes the blob's digest beside the diffID: a
 * manifest may claim any diffID for any blob, and only the pair that was read is verified.
 */
export class LayerCache {
  constructor(
    private readonly folder: string,
    /** Version of the analyzers, and of everything else that the result depends on. */
    private readonly version: string,
  ) {}

  /** Null for a layer that is not cached. */
  async get(layer: Layer): Promise<PackedLayer | null> {
    const bytes = await readFile(this.#pathOf(layer)).catch(() => null);
    if (bytes === null || bytes.length < headBytes) return null;
    const entriesAt = headBytes + bytes.readUInt32LE(12);
    return {
      diffId: layer.diffId,
      uncompressedBytes: bytes.readDoubleLE(0),
      entryCount: bytes.readUInt32LE(8),
      facts: bytes.subarray(headBytes, entriesAt),
      entries: bytes.subarray(entriesAt),
    };
  }

  /**
   * Stores a layer. A full disk or an unwritable folder costs the next scan time, but does not fail
   * this one.
   */
  async put(layer: Layer, { uncompressedBytes, entryCount, facts, entries }: LayerToKeep): Promise<void> {
    const head = Buffer.alloc(headBytes);
    head.writeDoubleLE(uncompressedBytes, 0);
    head.writeUInt32LE(entryCount, 8);
    head.writeUInt32LE(facts.length, 12);
    const path = this.#pathOf(layer);
    const partial = `${path}.${randomUUID()}`;
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      await writeFile(partial, chain(head, facts, entries), { mode: 0o600 });
      await rename(partial, path);
    } catch {
      // Not logged: there may be no home at all, as in a build container.
    }
  }

  /** Path of a layer's file. Includes the media type, since a wrong one yields a warning. */
  #pathOf({ digest, sizeBytes, diffId, mediaType }: Layer): string {
    const about = [this.version, digest, sizeBytes, diffId, mediaType].join('\n');
    const name = createHash('sha256').update(about).digest('hex');
    return join(this.folder, `${name}.layer`);
  }
}

function* chain(head: Uint8Array, facts: Uint8Array, entries: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield head;
  yield facts;
  yield* entries;
}
