import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';

import { maxUnpackedBytes, unpack } from './unpack.js';

const body = Buffer.from('{"a":1}');

describe('unpack', () => {
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
});
