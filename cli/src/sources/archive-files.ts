import { createReadStream } from 'node:fs';

import { NotFound, TidewaiterError } from '@tidewaiter/domain';
import { type ArchiveFile, decompress, indexArchive, layerLimits } from '@tidewaiter/oci';

import type { LayoutFiles } from './layout-store.js';
import { readChunkBytes } from './location.js';

/**
 * The files of a tar, which may be compressed as a whole: then each is reached by undoing the
 * compression again from the start, so that nothing of an image is written to a disk.
 * @throws NotFound `TARGET_MISSING`; InvalidInput, LimitExceeded of a broken or hostile archive
 */
export async function archiveFiles(path: string): Promise<LayoutFiles> {
  const unpacked = () => decompress(createReadStream(path, { highWaterMark: readChunkBytes }), layerLimits);
  const { compression, chunks } = await unpacked().catch((cause: unknown) => {
    if (cause instanceof TidewaiterError) throw cause;
    throw new NotFound('TARGET_MISSING', `${path} cannot be read`, { cause });
  });
  const files = await indexArchive(chunks);
  const find = (name: string): ArchiveFile => {
    const file = files.get(name);
    if (!file) throw new NotFound('TARGET_MISSING', `${path} holds no ${name}`);
    return file;
  };
  return {
    size: async (name) => find(name).size,
    async *read(name) {
      const { offset, size } = find(name);
      if (size === 0) return;
      if (compression !== 'none') yield* part((await unpacked()).chunks, offset, size);
      else yield* createReadStream(path, { start: offset, end: offset + size - 1, highWaterMark: readChunkBytes });
    },
    close: () => Promise.resolve(),
  };
}

async function* part(chunks: AsyncIterable<Uint8Array>, offset: number, size: number): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of chunks) {
    const piece = chunk.subarray(Math.max(0, offset - at), Math.max(0, offset + size - at));
    if (piece.length > 0) yield piece;
    at += chunk.length;
    if (at >= offset + size) return;
  }
}
