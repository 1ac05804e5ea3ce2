import { promisify } from 'node:util';
import { constants, zstdCompress, zstdDecompress } from 'node:zlib';

import { InvalidInput } from '@tidewaiter/domain';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Chunks of a whole database: higher levels take minutes for a tenth of the size. */
export const imageLevel = 9;
export const deltaLevel = 19;

/** Packs on a thread of its own; the same bytes give the same bytes. */
export async function pack(bytes: Buffer, level: number): Promise<Buffer> {
  return compress(bytes, {
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 },
  });
}

/**
 * Unpacks to exactly the declared size; stops at the first byte more.
 * @throws InvalidInput `ARTIFACT_DAMAGED`
 */
export async function unpack(bytes: Buffer, size: number): Promise<Buffer> {
  let unpacked: Buffer;
  try {
    unpacked = await decompress(bytes, { maxOutputLength: size });
  } catch (cause) {
    throw damaged(cause);
  }
  if (unpacked.length !== size) throw damaged();
  return unpacked;
}

function damaged(cause?: unknown): InvalidInput {
  return new InvalidInput('ARTIFACT_DAMAGED', 'a part of the artifact does not unpack to what its config declares', {
    cause,
  });
}
