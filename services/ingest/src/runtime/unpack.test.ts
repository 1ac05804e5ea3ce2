import { promisify } from 'node:util';
import { deflateSync, gunzip, gzipSync, zstdCompressSync } from 'node:zlib';

import { maxUnpackedBytes, Unpacker } from './unpack.js';

const body = Buffer.from('{"a":1}');
const unpack = async (packed: Buffer, encoding?: string) =>
  new Unpacker().unpack(packed, encoding, (unpacked) => unpacked);

describe('Unpacker', () => {
  it.each([
    ['nothing', body, undefined],
    ['identity', body, 'identity'],
    ['gzip', gzipSync(body), 'gzip'],
    ['GZIP', gzipSync(body), ' GZIP '],
    ['x-gzip', gzipSync(body), 'x-gzip'],
    ['gzip by its bytes', gzipSync(body), undefined],
    ['gzip that a proxy has unpacked', body, 'gzip'],
    ['deflate', deflateSync(body), 'deflate'],
    ['zstd', zstdCompressSync(body), 'zstd'],
    ['zstd by its bytes', zstdCompressSync(body), undefined],
  ])('undoes %s', async (_, packed, encoding) => {
    await expect(unpack(packed, encoding)).resolves.toEqual(body);
  });

  it.each([
    ['br', body, 'ENCODING_UNKNOWN'],
    ['gzip, gzip', body, 'ENCODING_UNKNOWN'],
    ['gzip', gzipSync(body).subarray(0, 12), 'BODY_DAMAGED'],
    ['deflate', body, 'BODY_DAMAGED'],
  ])('refuses %s of %o', async (encoding, packed, code) => {
    await expect(unpack(packed, encoding)).rejects.toMatchObject({ code });
  });

  it.each([
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ])('ends a bomb of %s at its limit', async (_, pack) => {
    await expect(unpack(pack(Buffer.alloc(maxUnpackedBytes + 1)), undefined)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      limit: 'maxUnpackedBytes',
    });
  });

  it('unpacks large bodies one after the other, also after one that fails', async () => {
    const underWay = new Set<Buffer>();
    let most = 0;
    const real = promisify(gunzip);
    const decode = async (packed: Buffer, options: { maxOutputLength: number; chunkSize: number }) => {
      if (options.maxOutputLength < maxUnpackedBytes) return real(packed, options);
      underWay.add(packed);
      most = Math.max(most, underWay.size);
      return real(packed, options).finally(() => underWay.delete(packed));
    };
    const unpacker = new Unpacker({ gzip: decode, deflate: decode, zstd: decode });
    const large = (bytes: number) => unpacker.unpack(gzipSync(Buffer.alloc(bytes)), 'gzip', ({ length }) => length);
    const sizes = [2 ** 21, maxUnpackedBytes + 1, 2 ** 21 + 1, 2 ** 21 + 2];
    const outcomes = await Promise.allSettled(sizes.map(large));
    expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : null))).toEqual([
      ...[2 ** 21, null, 2 ** 21 + 1, 2 ** 21 + 2],
    ]);
    expect(most).toBe(1);
  });

  it('unpacks small bodies while a large one is under way', async () => {
    const large = Promise.withResolvers<Buffer>();
    const real = promisify(gunzip);
    const decode = async (packed: Buffer, options: { maxOutputLength: number; chunkSize: number }) =>
      options.maxOutputLength < maxUnpackedBytes ? real(packed, options) : large.promise;
    const unpacker = new Unpacker({ gzip: decode, deflate: decode, zstd: decode });
    const waiting = unpacker.unpack(gzipSync(Buffer.alloc(2 ** 21)), 'gzip', ({ length }) => length);
    await expect(unpacker.unpack(gzipSync(body), 'gzip', String)).resolves.toBe('{"a":1}');
    large.resolve(Buffer.alloc(3));
    await expect(waiting).resolves.toBe(3);
  });
});
