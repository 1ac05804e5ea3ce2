import { LimitExceeded, MalformedFile, TidewaiterError } from '@tidewaiter/domain';
import { zipArchive, type ZipFile } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { zipEntries, type ZipLimits } from './zip.js';

const text = 'version=1.2.3\n'.repeat(20);
const files: ZipFile[] = [
  { name: 'META-INF/MANIFEST.MF', content: text },
  { name: 'lib/inner.jar', content: 'PK of another', isStored: true },
  { name: 'empty', content: '' },
];
const texts = (archive: Buffer) => zipEntries(archive).map((entry) => [entry.name, entry.read().toString()]);
const expected = files.map(({ name, content }) => [name, content]);

function readAll(archive: Buffer, limits?: Partial<ZipLimits>): number {
  return zipEntries(archive, limits).reduce((bytes, entry) => bytes + entry.read().length, 0);
}

describe('zipEntries', () => {
  it.each<[string, Buffer]>([
    ['an archive', zipArchive(files)],
    ['a comment with a signature in it', zipArchive(files, { comment: `PK\u0005\u0006${'.'.repeat(40)}` })],
    ['ZIP64', zipArchive(files, { isZip64: true })],
    ['entries of ZIP64', zipArchive(files.map((file) => ({ ...file, isZip64: true })))],
    ['a script in front', Buffer.concat([Buffer.from('#!/bin/bash\nexec java -jar "$0"\nexit\n'), zipArchive(files)])],
    ['a script in front of ZIP64', Buffer.concat([Buffer.from('#!/bin/sh\n'), zipArchive(files, { isZip64: true })])],
  ])('parses %s', (_, archive) => {
    expect(texts(archive)).toEqual(expected);
  });

  // Written by Python 3's zipfile to a stream that cannot seek: the sizes are in data descriptors.
  const streamed =
    'UEsDBBQACAAIAAAAIVAAAAAAAAAAAAAAAAAFAAAAYS50eHTLSM3JyVfIQJBcAFBLBwg7fIrfCwAAABIAAABQSwECFAMUAAgACAAAACFQO3yK3wsA' +
    'AAASAAAABQAAAAAAAAAAAAAAgAEAAAAAYS50eHRQSwUGAAAAAAEAAQAzAAAAPgAAAAAA';

  it('reads sizes from the directory if the local header has none', () => {
    expect(texts(Buffer.from(streamed, 'base64'))).toEqual([['a.txt', 'hello hello hello\n']]);
  });

  it('skips directories and encrypted entries', () => {
    const hidden = [0x1, 0x40, 0x2000].map((flags, index) => ({ name: `s${index}`, content: 'x', claims: { flags } }));
    expect(texts(zipArchive([{ name: 'dir/', content: '' }, ...hidden, ...files]))).toEqual(expected);
  });

  it('reads lazily: a broken entry only costs itself', () => {
    const [good, bad] = zipEntries(zipArchive([files[0]!, { name: 'bad', content: 'x', claims: { crc: 1 } }]));
    expect(() => bad?.read()).toThrow(MalformedFile);
    expect(good?.read().toString()).toBe(text);
  });

  it.each<[string, ZipFile['claims']]>([
    ['a size that is too small', { size: 5 }],
    ['a size that is too large', { size: 500 }],
    ['a size of nothing', { size: 0 }],
    ['another checksum', { crc: 5 }],
    ['less data than was written', { compressedSize: 4 }],
    ['an unknown method', { method: 12 }],
    ['the wrong method', { method: 0 }],
    ['no local header', { offset: 1 }],
    ['a local header beyond the end', { offset: 0xfffffff0 }],
  ])('rejects an entry that claims %s', (_, claims) => {
    expect(() => readAll(zipArchive([{ name: 'a', content: text, claims }]))).toThrow(MalformedFile);
  });

  it('rejects overlapping entries', () => {
    const overlapping = files.map((file) => ({ ...file, claims: { offset: 0 } }));
    expect(() => zipEntries(zipArchive(overlapping))).toThrow(
      new MalformedFile('ZIP archive with overlapping entries'),
    );
  });

  it.each<[string, Partial<ZipLimits>]>([
    ['maxEntries', { maxEntries: 2 }],
    ['maxEntryBytes', { maxEntryBytes: 100 }],
    ['maxTotalBytes', { maxTotalBytes: text.length }],
    ['maxRatio', { maxRatio: 2, ratioFromBytes: 100 }],
  ])('enforces %s', (limit, limits) => {
    expect(() => readAll(zipArchive(files), limits)).toThrow(expect.objectContaining({ limit }));
  });

  it('rejects a bomb before inflating anything', () => {
    const bomb = zipArchive([{ name: 'META-INF/MANIFEST.MF', content: Buffer.alloc(8 << 20) }]);
    expect(() => readAll(bomb)).toThrow(LimitExceeded);
    const lying = zipArchive([{ name: 'a', content: Buffer.alloc(8 << 20), claims: { size: 1000 } }]);
    expect(() => readAll(lying)).toThrow(MalformedFile);
  });

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('this is no zip\n'.repeat(9))],
    [
      'a directory larger than the file',
      Buffer.from(`PK\u0005\u0006${'\u0000'.repeat(8)}\u00ff\u00ff\u0000\u0000${'\u0000'.repeat(6)}`, 'latin1'),
    ],
    ['an archive cut short', zipArchive(files).subarray(0, -23)],
  ])('rejects %s', (_, archive) => {
    expect(() => zipEntries(archive)).toThrow(MalformedFile);
  });

  it('returns an empty list for an empty archive', () => {
    expect(zipEntries(zipArchive([]))).toEqual([]);
  });

  it.each([
    ['ZIP', zipArchive(files)],
    [
      'ZIP64',
      zipArchive(
        files.map((file) => ({ ...file, isZip64: true })),
        { isZip64: true },
      ),
    ],
  ])('throws only its own errors for a damaged %s archive', (_, archive) => {
    const damage = fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(damage, fc.nat(archive.length), (changes, length) => {
        const damaged = Buffer.from(archive);
        for (const [at, value] of changes) damaged[at] = value;
        for (const candidate of [damaged, damaged.subarray(0, length), damaged.subarray(length)]) {
          try {
            expect(readAll(candidate)).toBeLessThan(1 << 20);
          } catch (error) {
            expect(error).toBeInstanceOf(TidewaiterError);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
