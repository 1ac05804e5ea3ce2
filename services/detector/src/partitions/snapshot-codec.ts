import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';

/**
 * Limit on an uncompressed snapshot. A larger one is damaged: process trees of ten thousand nodes
 * are far below.
 */
const maxStateBytes = 512 * 2 ** 20;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Compresses a snapshot in another thread, so that evaluation does not wait. */
export async function compressSnapshot(state: Uint8Array): Promise<Uint8Array> {
  return compress(state);
}

export async function decompressSnapshot(packed: Uint8Array): Promise<Uint8Array> {
  return decompress(packed, { maxOutputLength: maxStateBytes });
}

/** Concatenates two states. */
export function joinStates(first: Uint8Array, second: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(first.length);
  return Buffer.concat([length, first, second]);
}

export function splitStates(joined: Uint8Array): [Uint8Array, Uint8Array] {
  const length = Buffer.from(joined.buffer, joined.byteOffset).readUInt32BE();
  return [joined.subarray(4, 4 + length), joined.subarray(4 + length)];
}
