import { promisify } from 'node:util';
import { gunzip, inflate, zstdDecompress } from 'node:zlib';

import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';

/** Limit on an unpacked body: eight times that of a body as received. */
export const maxUnpackedBytes = 64 * 2 ** 20;

/**
 * Most bytes that are unpacked into one piece. Thousands of pieces of Node's 16 KiB leave the
 * memory of the process fragmented: nine bodies of the largest size kept 500 MB for its whole life.
 */
const maxPieceBytes = 2 ** 20;

/** Bodies up to this size are unpacked at once, larger ones one after the other. */
const maxSmallBytes = 2 ** 20;

type Packing = 'gzip' | 'deflate' | 'zstd';

type Decode = (body: Buffer, options: { maxOutputLength: number; chunkSize: number }) => Promise<Buffer>;

const allDecoders: Readonly<Record<Packing, Decode>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
  zstd: promisify(zstdDecompress),
};

/**
 * Unpacks the bodies of requests. Large ones take turns until each is read: nine at once took
 * 900 MB, of which malloc kept 270.
 */
export class Unpacker {
  #largeTurn: Promise<void> = Promise.resolve();

  constructor(private readonly decoders = allDecoders) {}

  /**
   * Decompresses a body: by its `Content-Encoding`, or by its first bytes, since some shippers
   * compress without the header.
   * @param read parses the unpacked body; must not keep it
   * @throws InvalidInput `ENCODING_UNKNOWN`, `BODY_DAMAGED`
   * @throws LimitExceeded when it would be larger than {@link maxUnpackedBytes}
   */
  async unpack<Content>(
    body: Buffer,
    contentEncoding: string | undefined,
    read: (unpacked: Buffer) => Content | Promise<Content>,
  ): Promise<Content> {
    const packing = packingOf(body, contentEncoding);
    if (packing === null) return read(body);
    const small = await this.#decode(packing, body, maxSmallBytes);
    if (small !== null) return read(small);
    const earlier = this.#largeTurn;
    const turn = Promise.withResolvers<void>();
    this.#largeTurn = turn.promise;
    await earlier;
    try {
      const large = await this.#decode(packing, body, maxUnpackedBytes);
      if (large !== null) return await read(large);
    } finally {
      turn.resolve();
    }
    throw new LimitExceeded('maxUnpackedBytes', `The body is larger than ${maxUnpackedBytes} bytes when unpacked.`);
  }

  /** Returns null when the unpacked body would be larger than `maxBytes`. */
  async #decode(packing: Packing, body: Buffer, maxBytes: number): Promise<Buffer | null> {
    try {
      const chunkSize = Math.min(maxPieceBytes, Math.max(16 * 1024, 8 * body.length));
      return await this.decoders[packing](body, { maxOutputLength: maxBytes, chunkSize });
    } catch (cause) {
      if ((cause as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') return null;
      throw new InvalidInput('BODY_DAMAGED', `The body cannot be unpacked as ${packing}.`, { cause });
    }
  }
}

const names: ReadonlyMap<string, Packing | null> = new Map([
  ['', null],
  ['identity', null],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['zstd', 'zstd'],
]);

function packingOf(body: Buffer, contentEncoding = ''): Packing | null {
  const named = names.get(contentEncoding.trim().toLowerCase());
  if (named === undefined)
    throw new InvalidInput('ENCODING_UNKNOWN', 'Content-Encoding is none of gzip, deflate and zstd.');
  const magic = magicOf(body);
  // A proxy that unpacks may leave the header as it was: the first bytes decide.
  if (named === 'gzip' || named === 'zstd') return magic === named ? named : magic;
  return named ?? magic;
}

function magicOf(body: Buffer): Packing | null {
  if (body[0] === 0x1f && body[1] === 0x8b) return 'gzip';
  return body.length >= 4 && body.readUInt32LE(0) === 0xfd2fb528 ? 'zstd' : null;
}
