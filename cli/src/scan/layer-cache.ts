import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Layer } from '@tidewaiter/domain';
import type { PackedLayer } from '@tidewaiter/sandbox';

/** The size of the tar as a double, the number of entries, the length of the facts. */
const headBytes = 16;

/** What is kept of a layer; its list of files may come in pieces. */
export interface LayerToKeep extends Pick<PackedLayer, 'uncompressedBytes' | 'entryCount' | 'facts'> {
  entries: Iterable<Uint8Array>;
}

/**
 * Layers that were read before, a file each. Its name holds the blob beside the diffID: a manifest may claim any diffID for any
 * blob, and only the very pair that was read has been proved.
 */
export class LayerCache {
  constructor(
    private readonly folder: string,
    /** Names the analyzers, and whatever else the answer depends on. */
    private readonly version: string,
  ) {}

  /** Null for what is not known. */
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

  /** Keeps a layer. That the disk is full or the folder may not be written costs the next scan its time, not this one. */
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
      // Nothing to tell: there may be no home at all, as in a build container.
    }
  }

  /** With the media type: that it lies is told of the layer. */
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
