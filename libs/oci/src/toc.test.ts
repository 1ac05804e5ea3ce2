import { createHash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';

import { InvalidInput } from '@tidewaiter/domain';
import { tarArchive, type TarEntry } from '@tidewaiter/testkit';

import { readLayerFollowingLinks } from './layer.js';
import { mediaTypes } from './media-types.js';

interface TocEntry extends Record<string, unknown> {
  name: string;
  type: string;
}

const sha256 = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const types = { file: 'reg', directory: 'dir', symlink: 'symlink', hardlink: 'hardlink' };

const large = Buffer.from(Array.from({ length: 2500 }, (_, at) => at % 251));
const capabilities = Buffer.from('0100000200200000000000000000000000000000', 'hex');
const members: TarEntry[] = [
  { path: 'bin/', type: 'directory' },
  { path: 'bin/app', content: large, mode: 0o4755, uid: 7 },
  { path: 'bin/ping', content: 'ping', capabilities },
  { path: 'bin/also', type: 'hardlink', linkTarget: 'bin/app' },
  { path: 'bin/sh', type: 'symlink', linkTarget: '../bin/app' },
  { path: 'bin/.wh.old' },
];

/** Entries of a table, as eStargz writes them for files in chunks of 1,000 bytes. */
function tocOf(entries: readonly TarEntry[]): TocEntry[] {
  return entries.flatMap(({ path, type = 'file', content = '', linkTarget, mode, uid, capabilities: value }) => {
    const bytes = Buffer.from(content);
    const common = {
      ...{ name: path, type: types[type], mode: mode ?? (type === 'directory' ? 0o755 : 0o644), uid },
      ...(linkTarget !== undefined && { linkName: linkTarget }),
      ...(value && { xattrs: { 'security.capability': value.toString('base64') } }),
    };
    if (bytes.length === 0) return [common];
    const isWhole = bytes.length <= 1000;
    const first = { ...common, size: bytes.length, digest: sha256(bytes), ...(!isWhole && { chunkSize: 1000 }) };
    const chunks: TocEntry[] = [{ ...first, chunkDigest: sha256(bytes.subarray(0, 1000)) }];
    for (let at = 1000; at < bytes.length; at += 1000) {
      const chunk = bytes.subarray(at, at + 1000);
      const size = chunk.length === 1000 ? { chunkSize: 1000 } : {};
      chunks.push({ name: path, type: 'chunk', chunkOffset: at, ...size, chunkDigest: sha256(chunk) });
    }
    return chunks;
  });
}

const jsonOf = (entries: readonly unknown[]) => Buffer.from(JSON.stringify({ version: 1, entries }));

function gzipFooter(offset: number): Buffer {
  const field = Buffer.from(`${offset.toString(16).padStart(16, '0')}STARGZ`);
  const head = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, field.length + 4, 0, 0x53, 0x47, field.length, 0]);
  return Buffer.concat([head, field, Buffer.from('010000ffff0000000000000000', 'hex')]);
}

function estargz(toc: readonly unknown[], files = members): Buffer {
  const tar = gzipSync(tarArchive(files).subarray(0, -1024));
  const table = gzipSync(tarArchive([{ path: 'stargz.index.json', content: jsonOf(toc) }]));
  return Buffer.concat([tar, table, gzipFooter(tar.length)]);
}

const u64 = (...numbers: number[]) => {
  const bytes = Buffer.alloc(8 * numbers.length);
  for (const [at, number] of numbers.entries()) bytes.writeBigUInt64LE(BigInt(number), 8 * at);
  return bytes;
};

function skippable(content: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(content.length);
  return Buffer.concat([Buffer.from('502a4d18', 'hex'), size, content]);
}

function zstdChunked(toc: readonly unknown[], isLong: boolean, files = members): Buffer {
  const tar = zstdCompressSync(tarArchive(files));
  const table = zstdCompressSync(jsonOf(toc));
  const place = u64(tar.length + 8, table.length, jsonOf(toc).length, 1);
  const footer = isLong ? [place, u64(0, 0, 0), Buffer.from('GNUlInUx')] : [place, Buffer.from('GnUlInUx')];
  return Buffer.concat([tar, skippable(table), skippable(Buffer.concat(footer))]);
}

/** Problem of the table; undefined if the layer is read without a warning. */
async function problemOf(blob: Buffer, mediaType: string = mediaTypes.ociLayerGzip): Promise<string | undefined> {
  const open = async function* () {
    for (let at = 0; at < blob.length; at += 300) yield Buffer.from(blob.subarray(at, at + 300));
  };
  const options = { mediaType, wants: () => false, take: () => undefined };
  try {
    const { warnings } = await readLayerFollowingLinks(open, options);
    return warnings.length === 0 ? undefined : JSON.stringify(warnings);
  } catch (error) {
    if (error instanceof InvalidInput) return `${error.code}: ${error.message}`;
    throw error;
  }
}

describe('verifyToc', () => {
  const toc = tocOf(members);
  const { ociLayerGzip, ociLayerZstd } = mediaTypes;

  it.each([
    ['eStargz', estargz(toc), ociLayerGzip],
    ['zstd:chunked of containers/storage', zstdChunked(toc, true), ociLayerZstd],
    ['zstd:chunked of eStargz', zstdChunked(toc, false), ociLayerZstd],
  ])('accepts %s with the files of its tar', async (_, blob, mediaType) => {
    expect(await problemOf(blob, mediaType)).toBeUndefined();
  });

  it('accepts a hard link with a size, as some archivers write it', async () => {
    const sized = toc.map((entry) => (entry.type === 'hardlink' ? { ...entry, size: large.length } : entry));
    expect(await problemOf(zstdChunked(sized, true), ociLayerZstd)).toBeUndefined();
  });

  it('accepts zeros that zstd:chunked does not store', async () => {
    const sparse = [{ path: 'disk', content: Buffer.concat([Buffer.alloc(1000), large]) }];
    const [first, ...rest] = tocOf(sparse);
    const table = [{ ...first, chunkType: 'zeros', chunkDigest: undefined }, ...rest];
    expect(await problemOf(zstdChunked(table, true, sparse), ociLayerZstd)).toBeUndefined();
    const data = [{ path: 'disk', content: Buffer.concat([Buffer.from('x'), Buffer.alloc(999), large]) }];
    const forged = [table[0], ...tocOf(data).slice(1)];
    expect(await problemOf(zstdChunked(forged, true, data), ociLayerZstd)).toMatch(
      /^TOC_MISMATCH: .* differs from the tar at disk$/,
    );
  });

  const changed = (path: string, change: object) =>
    toc.map((entry) => (entry.name === path && entry.type !== 'chunk' ? { ...entry, ...change } : entry));
  const other = sha256(Buffer.from('other'));
  const rows: [string, unknown[], string][] = [
    ['another file in one chunk', changed('bin/ping', { digest: other, chunkDigest: other }), 'bin/ping'],
    ['another first chunk', changed('bin/app', { chunkDigest: other }), 'bin/app'],
    ['another last chunk', toc.with(3, { ...toc[3]!, chunkDigest: other }), 'bin/app'],
    ['a chunk without a digest', toc.with(2, { ...toc[2]!, chunkDigest: undefined }), 'bin/app'],
    ['a missing chunk', toc.toSpliced(3, 1), 'bin/app'],
    ['a chunk elsewhere', toc.with(3, { ...toc[3]!, chunkOffset: 1000 }), 'bin/app'],
    ['another size', changed('bin/ping', { size: 5 }), 'bin/ping'],
    ['other rights', changed('bin/ping', { mode: 0o4755 }), 'bin/ping'],
    ['another owner', changed('bin/app', { uid: 0 }), 'bin/app'],
    ['other capabilities', changed('bin/ping', { xattrs: {} }), 'bin/ping'],
    ['an attribute of overlayfs', changed('bin/', { xattrs: { 'trusted.overlay.redirect': 'L2V0Yw==' } }), 'bin'],
    ['another target of a link', changed('bin/sh', { linkName: '/bin/ping' }), 'bin/sh'],
    ['another hard link', changed('bin/also', { linkName: 'bin/ping' }), 'bin/also'],
    ['another type', changed('bin/sh', { type: 'dir' }), 'bin/sh'],
    ['another name', changed('bin/.wh.old', { name: 'bin/.wh.new' }), 'bin/.wh.old'],
    ['a file more', [...toc, { name: 'bin/miner', type: 'reg' }], 'bin/miner'],
    ['a file less', toc.slice(0, -1), 'bin/.wh.old'],
  ];
  it.each(rows)('rejects a table with %s', async (_, table, path) => {
    const expected = `TOC_MISMATCH: the layer's table of contents for lazy pulling differs from the tar at ${path}`;
    expect(await problemOf(estargz(table))).toBe(expected);
    expect(await problemOf(zstdChunked(table, true), ociLayerZstd)).toBe(expected);
  });

  it('rejects a layer whose table has two readings', async () => {
    const table = toc.with(0, { ...toc[0]!, Name: 'sbin' });
    expect(await problemOf(estargz(table))).toMatch(/^MANIFEST_AMBIGUOUS/);
  });

  it.each([
    ['that is no table', Buffer.concat([gzipSync(tarArchive(members)), gzipFooter(0)]), ociLayerGzip],
    ['behind the blob', Buffer.concat([gzipSync(tarArchive(members)), gzipFooter(2 ** 40)]), ociLayerGzip],
    [
      'in another image',
      Buffer.concat([
        gzipSync(tarArchive(members)),
        Buffer.from('1f8b08040000000000ff15005347 1100'.replace(' ', ''), 'hex'),
        Buffer.from('STARGZEXTERNALTOC'),
        Buffer.from('010000ffff0000000000000000', 'hex'),
      ]),
      ociLayerGzip,
    ],
    [
      'of another kind',
      Buffer.concat([
        zstdCompressSync(tarArchive(members)),
        skippable(Buffer.concat([u64(0, 9, 9, 2), Buffer.from('GnUlInUx')])),
      ]),
      ociLayerZstd,
    ],
  ])('rejects a table %s', async (_, blob, mediaType) => {
    expect(await problemOf(blob, mediaType)).toMatch(/^TOC_MISMATCH: .* (?:cannot be read|is not in the layer)$/);
  });
});
