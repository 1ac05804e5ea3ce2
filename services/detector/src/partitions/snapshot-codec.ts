import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';

/** Limit on an unpacked snapshot; a larger one is damaged: process trees of ten thousand nodes are far below. */
const maxStateBytes = 512 * 2 ** 20;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Packs a snapshot for storage, in another thread, so that evaluating does not wait. */
export async function compressSnapshot(state: Uint8Array): Promise<Uint8Array> {
  return compress(state);
}

export async function decompressSnapshot(packed: Uint8Array): Promise<Uint8Array> {
  return decompress(packed, { maxOutputLength: maxStateBytes });
}

/** Two states as one. */
export function joinStates(first: Uint8Array, second: Uint8Array): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(first.length);
  return Buffer.concat([length, first, second]);
}

export function splitStates(joined: Uint8Array): [Uint8Array, Uint8Array] {
  const length = Buffer.from(joined.buffer, joined.byteOffset).readUInt32BE();
  return [joined.subarray(4, 4 + length), joined.subarray(4 + length)];
}
