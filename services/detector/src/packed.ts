import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';

/** A memory above this is damaged: process trees of ten thousand nodes are far below. */
const maxStateBytes = 512 * 2 ** 20;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** A state as it is kept. Another thread packs it: the one that judges has better to do. */
export async function pack(state: Uint8Array): Promise<Uint8Array> {
  return compress(state);
}

export async function unpack(packed: Uint8Array): Promise<Uint8Array> {
  return decompress(packed, { maxOutputLength: maxStateBytes });
}
