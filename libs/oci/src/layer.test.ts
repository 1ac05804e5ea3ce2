import { createHash, type BinaryLike } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';

import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';
import { tarArchive, type TarEntry } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { headBytes } from './layer-collector.js';
import type { LayerEntry } from './layer-entry.js';
import { pendingLinks, readLayer, readLayerFollowingLinks, type LayerContent, type ReadLayerOptions } from './layer.js';
import { mediaTypes } from './media-types.js';

const sha256 = (content: BinaryLike) => createHash('sha256').update(content).digest('hex');

async function* chunked(bytes: Buffer, chunkBytes = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}

interface LayerCopy extends Omit<LayerContent, 'entries'> {
  entries: LayerEntry[];
  files: Map<string, Buffer>;
}

/** Reads a layer and keeps what it hands out. */
async function read(tar: Buffer, options: Partial<ReadLayerOptions> = {}): Promise<LayerCopy> {
  return keeping((keep) =>
    readLayer(chunked(tar), { mediaType: mediaTypes.ociLayer, wants: () => true, ...keep, ...options }),
  );
}

async function keeping(
  reading: (keep: Pick<ReadLayerOptions, 'take' | 'replaced'>) => Promise<LayerContent>,
): Promise<LayerCopy> {
  const files = new Map<string, Buffer>();
  const content = await reading({
    take: ({ path, content: lent }) => files.set(path, Buffer.from(lent)),
    replaced: (path) => files.delete(path),
  });
  return { ...content, entries: JSON.parse(JSON.stringify([...content.entries])) as LayerEntry[], files };
}

async function codeOf(result: Promise<unknown>): Promise<string> {
  try {
    await result;
  } catch (error) {
    if (error instanceof LimitExceeded) return error.limit;
    if (error instanceof InvalidInput) return error.code;
    throw error;
  }
  return 'read';
}

const nothing = { wants: () => false, take: () => undefined };

const hardlinkTo = (target: string): TarEntry => ({ path: 'hard', type: 'hardlink', linkTarget: target });

const endBlocks = Buffer.alloc(1024);

/** Entries without the blocks at the end, to put raw bytes behind. */
function blocks(...entries: TarEntry[]): Buffer {
  return tarArchive(entries).subarray(0, -endBlocks.length);
}

/** An entry whose header is changed and summed again. */
function raw(entry: TarEntry, change: (header: Buffer) => void): Buffer {
  const bytes = Buffer.from(blocks(entry));
  change(bytes);
  bytes.fill(' ', 148, 156);
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return bytes;
}

/** An entry of any type flag. */
function flagged(flag: string, entry: TarEntry): Buffer {
  return raw(entry, (header) => header.write(flag, 156, 'latin1'));
}

function pax(records: Record<string, string>, flag = 'x'): Buffer {
  const text = Object.entries(records).map(([keyword, value]) => {
    const rest = Buffer.byteLength(` ${keyword}=${value}\n`);
    const length = rest + String(rest + String(rest).length).length;
    return `${length} ${keyword}=${value}\n`;
  });
  return flagged(flag, { path: 'PaxHeaders', content: text.join('') });
}

/** Puts text into a header field. */
const put = (offset: number, text: string) => (header: Buffer) => void header.write(text, offset, 'latin1');

const last: TarEntry = { path: 'last', content: 'still in step' };

describe('readLayer', () => {
  describe('content of a layer', () => {
    it('lists every entry with its digest and returns the wanted files', async () => {
      const content = await read(
        tarArchive([
          { path: './', type: 'directory' },
          { path: './etc/', type: 'directory', mode: 0o1777 },
          { path: './etc/passwd', content: 'root', mode: 0o4755, uid: 1000, gid: 100, mtime: 1_700_000_000 },
          { path: '/etc/link', type: 'symlink', linkTarget: '../usr/x' },
          { path: 'etc/hard', type: 'hardlink', linkTarget: './etc/passwd' },
          { path: 'etc/empty' },
        ]),
        { wants: (path) => path === 'etc/passwd' },
      );
      const root = { mode: 0o644, uid: 0, gid: 0, size: 0 };
      expect(content.entries).toEqual([
        { ...root, path: '', type: 'directory', mode: 0o755 },
        { ...root, path: 'etc', type: 'directory', mode: 0o1777 },
        {
          path: 'etc/passwd',
          type: 'file',
          mode: 0o4755,
          uid: 1000,
          gid: 100,
          mtime: 1_700_000_000,
          size: 4,
          sha256: sha256('root'),
        },
        { ...root, path: 'etc/link', type: 'symlink', linkTarget: '../usr/x' },
        { ...root, path: 'etc/hard', type: 'hardlink', linkTarget: 'etc/passwd', size: 4, sha256: sha256('root') },
        { ...root, path: 'etc/empty', type: 'file', sha256: sha256('') },
      ]);
      expect([...content.files]).toEqual([['etc/passwd', Buffer.from('root')]]);
      expect(content.warnings).toEqual([]);
    });

    it('distinguishes devices and fifos and skips types that no runtime unpacks, with a warning', async () => {
      const content = await read(
        Buffer.concat([
          flagged('3', { path: 'dev/null' }),
          flagged('4', { path: 'dev/loop0' }),
          flagged('6', { path: 'dev/fifo' }),
          flagged('Z', { path: 'odd', content: 'skip me' }),
          flagged('7', { path: 'contiguous', content: 'c' }),
          flagged('\0', { path: 'v7', content: 'v' }),
          flagged('\0', { path: 'olddir/' }),
          tarArchive([last]),
        ]),
      );
      expect(content.entries.map(({ path, type }) => [path, type])).toEqual([
        ['dev/null', 'character'],
        ['dev/loop0', 'block'],
        ['dev/fifo', 'fifo'],
        ['contiguous', 'file'],
        ['v7', 'file'],
        ['olddir', 'directory'],
        ['last', 'file'],
      ]);
      expect(content.warnings).toMatchObject([{ code: 'UNKNOWN_ENTRY_TYPE', path: 'odd' }]);
    });

    it('uses the last entry of a name', async () => {
      const { entries, files, links } = await read(
        tarArchive([
          { path: 'a', content: 'old' },
          { path: 'a', content: 'new' },
          { path: 'b', content: 'was a file' },
          { path: 'b', type: 'directory' },
          { path: 'c', type: 'symlink', linkTarget: 'a' },
          { path: 'c', content: 'was a link' },
        ]),
      );
      expect(entries.map(({ path, type }) => [path, type])).toEqual([
        ['a', 'file'],
        ['b', 'directory'],
        ['c', 'file'],
      ]);
      expect([...files.keys()]).toEqual(['a', 'c']);
      expect(files.get('a')?.toString()).toBe('new');
      expect(links).toEqual([]);
    });

    it('computes the requested digests for any chunks', async () => {
      const content = Buffer.alloc(100_000, 'abc');
      const digests = (path: string) => (path === 'plain' ? [] : (['md5', 'sha1'] as const));
      const tar = tarArchive([{ path: 'plain' }, { path: 'big', content }, { path: 'empty' }, hardlinkTo('big')]);
      for (const chunkBytes of [1_000, 1 << 20]) {
        const { entries, files } = await keeping((keep) =>
          readLayer(chunked(tar, chunkBytes), { mediaType: mediaTypes.ociLayer, wants: () => true, ...keep, digests }),
        );
        const hex = (algorithm: string, bytes: BinaryLike) => createHash(algorithm).update(bytes).digest('hex');
        expect(entries.map(({ md5, sha1 }) => [md5, sha1])).toEqual([
          [undefined, undefined],
          [hex('md5', content), hex('sha1', content)],
          [hex('md5', ''), hex('sha1', '')],
          [hex('md5', content), hex('sha1', content)],
        ]);
        expect([...files.keys()]).toEqual(['plain', 'big', 'empty']);
      }
    });

    it('computes digests that have a use, after the file was taken, for any chunks', async () => {
      const content = Buffer.alloc(100_000, 'abc');
      const paths = ['unwanted', 'useless', 'useful', 'pieces'];
      const tar = tarArchive([...paths.map((path) => ({ path, content })), { path: 'empty' }, hardlinkTo('useful')]);
      for (const chunkBytes of [1_000, 1 << 20]) {
        const taken: string[] = [];
        const { entries } = await readLayer(chunked(tar, chunkBytes), {
          mediaType: mediaTypes.ociLayer,
          wants: (path) => path.startsWith('use') || path === 'empty',
          stream: (path) => (path === 'pieces' ? { write: () => undefined, end: () => undefined } : undefined),
          take: ({ path }) => taken.push(path),
          needsDigests: (path) => taken.at(-1) === path && path !== 'useless',
        });
        const digests = Array.from(entries, ({ path, sha256: digest }) => [path, digest]);
        const [unwanted, useless, useful, pieces, empty, link] = digests;
        expect([unwanted, useless]).toEqual([
          ['unwanted', undefined],
          ['useless', undefined],
        ]);
        expect([useful?.[1], pieces?.[1], link?.[1]]).toEqual(Array.from({ length: 3 }, () => sha256(content)));
        expect(empty?.[1]).toBe(sha256(''));
      }
    });

    it('selects files by their first bytes for any chunks', async () => {
      const tar = tarArchive([
        { path: 'elf', content: Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(2_000, 7)]) },
        { path: 'text', content: 'plain' },
      ]);
      for (const chunkBytes of [3, 1_000, 1 << 20]) {
        const { files } = await keeping((keep) =>
          readLayer(chunked(tar, chunkBytes), {
            mediaType: mediaTypes.ociLayer,
            wants: (_path, head) => head.length <= headBytes && Buffer.from(head).toString('latin1', 1, 4) === 'ELF',
            ...keep,
          }),
        );
        expect([...files].map(([path, content]) => [path, content.length])).toEqual([['elf', 2_004]]);
      }
    });

    it('reads whiteouts, and no similar names', async () => {
      const { entries, warnings } = await read(
        tarArchive([
          { path: 'etc/.wh.motd' },
          { path: 'etc/motd', content: 'welcome' },
          { path: 'usr/share/man/.wh..wh..opq' },
          { path: '.wh.z' },
          { path: 'usr/bin/somewh.ere' },
          { path: 'usr/bin/.who' },
          { path: 'usr/bin/x.wh.y' },
          { path: 'w/.wh.' },
          { path: 'w/.wh..' },
          { path: 'w/.wh...' },
        ]),
      );
      expect(entries.map(({ path, whiteout }) => [path, whiteout])).toEqual([
        ['etc/motd', 'file'],
        ['etc/motd', undefined],
        ['usr/share/man', 'opaque'],
        ['z', 'file'],
        ['usr/bin/somewh.ere', undefined],
        ['usr/bin/.who', undefined],
        ['usr/bin/x.wh.y', undefined],
      ]);
      expect(warnings.map(({ code }) => code)).toEqual(['INVALID_WHITEOUT', 'INVALID_WHITEOUT', 'INVALID_WHITEOUT']);
    });

    // The kernel merges the roots of all layers, whatever their attributes say.
    it.each(['.wh..wh..opq', './.wh..wh..opq'])('hides nothing by the whiteout %s of the root', async (path) => {
      const { entries, warnings } = await read(tarArchive([{ path }, { path: 'etc/motd' }]));
      expect(entries.map((entry) => entry.path)).toEqual(['etc/motd']);
      expect(warnings.map(({ code }) => code)).toEqual(['INVALID_WHITEOUT']);
    });

    it.each([
      ['trusted.overlay.redirect', ['OVERLAY_ATTRIBUTE']],
      ['user.overlay.metacopy', ['OVERLAY_ATTRIBUTE']],
      // Both hide at most what is reported; builders copy them by accident.
      ['user.overlay.opaque', []],
      ['user.overlay.origin', []],
    ])('reports the attribute %s: %j', async (name, codes) => {
      const tar = Buffer.concat([pax({ [`SCHILY.xattr.${name}`]: '/deleted' }), tarArchive([{ path: 'bin/' }])]);
      expect((await read(tar)).warnings.map(({ code }) => code)).toEqual(codes);
    });

    it('resolves names with .. inside the root, never replacing a regular entry', async () => {
      const { entries, files, warnings } = await read(
        tarArchive([
          { path: 'etc/passwd', content: 'honest' },
          { path: '../../etc/passwd', content: 'forged' },
          { path: '../tmp/escape', content: 'x' },
          { path: 'a/../../.wh.etc' },
          { path: '..', content: 'x' },
        ]),
      );
      expect(entries.map(({ path }) => path)).toEqual(['etc/passwd', 'tmp/escape']);
      expect(files.get('etc/passwd')?.toString()).toBe('honest');
      expect(warnings.map(({ code }) => code)).toEqual(['PARENT_PATH', 'PARENT_PATH', 'PARENT_PATH', 'INVALID_NAME']);
    });

    it('distinguishes names that are not UTF-8', async () => {
      const named = (byte: number) => raw({ path: 'x' }, (header) => header.writeUInt8(byte, 0));
      const { entries } = await read(Buffer.concat([named(0xe4), named(0xe5), endBlocks]));
      expect(entries.map(({ path }) => path)).toEqual(['\uEFE4', '\uEFE5']);
    });
  });

  describe('extended headers', () => {
    const long = `dir-${'x'.repeat(120)}/file`;

    it.each([
      ['a PAX name', blocks({ path: long })],
      [
        'a GNU name',
        Buffer.concat([flagged('L', { path: 'LongLink', content: `${long}\0` }), blocks({ path: 'cut' })]),
      ],
      [
        'the last of many GNU names',
        Buffer.concat([
          ...Array<Buffer>(500).fill(flagged('L', { path: 'L', content: 'no' })),
          flagged('L', { path: 'L', content: long }),
          blocks({ path: 'cut' }),
        ]),
      ],
      [
        'a name beside a GNU link',
        Buffer.concat([
          flagged('K', { path: 'L', content: 'to' }),
          flagged('L', { path: 'L', content: long }),
          blocks({ path: 'cut', type: 'symlink', linkTarget: 'x' }),
        ]),
      ],
      ['the prefix of ustar', raw({ path: 'file' }, put(345, `dir-${'x'.repeat(120)}`))],
    ])('set %s', async (_, bytes) => {
      const { entries } = await read(Buffer.concat([bytes, tarArchive([last])]));
      expect(entries.map(({ path }) => path)).toEqual([long, 'last']);
    });

    it('set long link targets', async () => {
      const gnu = Buffer.concat([
        flagged('K', { path: 'L', content: `${long}\0` }),
        blocks({ path: 'a', type: 'symlink', linkTarget: 'cut' }),
      ]);
      const { entries } = await read(
        Buffer.concat([gnu, tarArchive([{ path: 'b', type: 'symlink', linkTarget: long }])]),
      );
      expect(entries.map(({ linkTarget }) => linkTarget)).toEqual([long, long]);
    });

    it('override only size, ids and time', async () => {
      const entry = raw({ path: 'sized', content: 'four' }, put(124, '00000000000'));
      const { entries, files } = await read(
        Buffer.concat([pax({ size: '4', uid: '70000', gid: '5', mtime: '1.5' }), entry, tarArchive([last])]),
      );
      expect(entries[0]).toMatchObject({ path: 'sized', size: 4, uid: 70_000, gid: 5, mtime: 1 });
      expect(files.get('sized')?.toString()).toBe('four');
    });

    it('apply to one entry; global ones to none, as in every runtime', async () => {
      const { entries } = await read(
        Buffer.concat([
          pax({ path: 'global' }, 'g'),
          pax({ path: 'one' }),
          blocks({ path: 'x' }),
          tarArchive([{ path: 'y' }]),
        ]),
      );
      expect(entries.map(({ path }) => path)).toEqual(['one', 'y']);
    });

    // Go unpacks images: where archivers differ, what it does is what the container sees.
    it.each([
      [
        'a PAX header replaces the one before it',
        [pax({ path: 'a', linkpath: 'b' }), pax({ size: '0' }), blocks({ path: 'own' })],
        'own',
      ],
      [
        'GNU names beat PAX names on either side',
        [flagged('L', { path: 'L', content: 'gnu' }), pax({ path: 'pax' }), blocks({ path: 'own' })],
        'gnu',
      ],
      ['an empty GNU name is none', [flagged('L', { path: 'L', content: '\0' }), blocks({ path: 'own' })], 'own'],
      ['an empty PAX name is none', [pax({ path: '' }), blocks({ path: 'own' })], 'own'],
      [
        'a global header ends what came before',
        [pax({ path: 'pax' }), pax({ comment: 'x' }, 'g'), blocks({ path: 'own' })],
        'own',
      ],
      [
        'a sparse name counts for sparse files only',
        [pax({ 'GNU.sparse.name': 'sparse' }), blocks({ path: 'own' })],
        'own',
      ],
      [
        'an unknown sparse version is none',
        [
          pax({ 'GNU.sparse.major': '2', 'GNU.sparse.minor': '0', 'GNU.sparse.name': 'sparse' }),
          blocks({ path: 'own' }),
        ],
        'own',
      ],
      [
        'the prefix belongs to POSIX',
        [raw({ path: 'own' }, (header) => header.write('ustar\0xx', 257) + header.write('pre', 345))],
        'own',
      ],
      [
        'the prefix of star is shorter',
        [raw({ path: 'own' }, (header) => header.write('p'.repeat(140), 345) + header.write('tar\0', 508))],
        `${'p'.repeat(131)}/own`,
      ],
      [
        'times are no prefix',
        [raw({ path: 'own' }, (header) => header.write('ustar  \0', 257) + header.write('00000000001\0', 345))],
        'own',
      ],
      [
        'what is no time is a prefix',
        [raw({ path: 'own' }, (header) => header.write('ustar  \0', 257) + header.write('pre', 345))],
        'pre/own',
      ],
      ['a directory of old has no content', [flagged('\0', { path: 'd/', content: blocks({ path: 'own' }) })], 'own'],
      ['a file with content keeps a slash at its end', [blocks({ path: 'own/', content: 'x' })], 'own'],
    ])('%s', async (_, parts, path) => {
      const { entries } = await read(Buffer.concat([...parts, tarArchive([last])]));
      expect(entries.filter(({ type }) => type === 'file').map((entry) => entry.path)).toEqual([path, 'last']);
    });

    it('parse numbers in base 256', async () => {
      const entry = raw({ path: 'big', content: 'four' }, (header) => {
        header.fill(0, 124, 136);
        header[124] = 0x80;
        header[135] = 4;
        header.fill(0xff, 108, 116);
        header[115] = 0xfe;
      });
      const { entries } = await read(Buffer.concat([entry, tarArchive([last])]));
      expect(entries).toMatchObject([{ path: 'big', size: 4, uid: 2 ** 32 - 2 }, { path: 'last' }]);
    });
  });

  describe('sparse files', () => {
    const whole = Buffer.concat([Buffer.from('head'), Buffer.alloc(1020), Buffer.from('tail'), Buffer.alloc(72)]);
    const stored = { content: 'headtail' };
    const octal = (number: number) => number.toString(8).padStart(11, '0');
    const gnuHeader = (header: Buffer, pieces: number[]) => {
      header.write('ustar  \0', 257, 'latin1');
      header.write('S', 156);
      header.write(octal(whole.length), 483);
      pieces.forEach((number, position) => header.write(octal(number), 386 + 12 * position));
    };
    const manyPieces = Array.from({ length: 30 }, (_, position) => [position * 2, 1]).flat();
    const extension = (numbers: number[]) => {
      const block = Buffer.alloc(512);
      numbers.forEach((number, position) => block.write(octal(number), 12 * position));
      return block;
    };
    const oldWithExtensions = () => {
      const entry = raw({ path: 'sparse', content: 'x'.repeat(30) }, (header) => {
        gnuHeader(header, manyPieces.slice(0, 8));
        header[482] = 1;
      });
      const first = extension(manyPieces.slice(8, 50));
      first[504] = 1;
      return Buffer.concat([entry.subarray(0, 512), first, extension(manyPieces.slice(50)), entry.subarray(512)]);
    };
    const mapped = (map: string) => ({
      path: 'GNUSparseFile.0/x',
      content: Buffer.concat([Buffer.from(map.padEnd(512, '\0')), Buffer.from('headtail')]),
    });

    it.each([
      [
        'the old GNU format',
        raw({ path: 'sparse', ...stored }, (header) => gnuHeader(header, [0, 4, 1024, 4, 1100, 0])),
      ],
      [
        'PAX 0.1',
        Buffer.concat([
          pax({
            'GNU.sparse.name': 'sparse',
            'GNU.sparse.size': '1100',
            'GNU.sparse.numblocks': '2',
            'GNU.sparse.map': '0,4,1024,4',
          }),
          blocks({ path: 'x', ...stored }),
        ]),
      ],
      [
        'PAX 1.0',
        Buffer.concat([
          pax({
            'GNU.sparse.major': '1',
            'GNU.sparse.minor': '0',
            'GNU.sparse.name': 'sparse',
            'GNU.sparse.realsize': '1100',
          }),
          blocks(mapped('2\n0\n4\n1024\n4\n')),
        ]),
      ],
    ])('of %s are read with their holes', async (_, bytes) => {
      const { entries, files } = await read(Buffer.concat([bytes, tarArchive([last])]));
      expect(entries).toMatchObject([{ path: 'sparse', size: 1100, sha256: sha256(whole) }, { path: 'last' }]);
      expect(files.get('sparse')).toEqual(whole);
    });

    it('of PAX 0.0, which repeats its keywords, are read', async () => {
      const record = (keyword: string, value: string) => {
        const rest = ` ${keyword}=${value}\n`;
        return `${rest.length + 2}${rest}`;
      };
      const numbers = [
        record('GNU.sparse.offset', '0'),
        record('GNU.sparse.numbytes', '4'),
        record('GNU.sparse.offset', '1024'),
        record('GNU.sparse.numbytes', '4'),
      ];
      const header = flagged('x', { path: 'p', content: [record('GNU.sparse.size', '1100'), ...numbers].join('') });
      const { files } = await read(Buffer.concat([header, blocks({ path: 'sparse', ...stored }), tarArchive([last])]));
      expect(files.get('sparse')).toEqual(whole);
    });

    it('of the old format may have many pieces', async () => {
      const { entries, files } = await read(Buffer.concat([oldWithExtensions(), tarArchive([last])]));
      expect(files.get('sparse')?.subarray(0, 60).toString()).toBe('x\0'.repeat(30));
      expect(entries.at(-1)?.path).toBe('last');
    });

    it('above the limit are listed and not hashed, with a warning', async () => {
      const huge = pax({
        'GNU.sparse.name': 'huge',
        'GNU.sparse.size': String(2 ** 50),
        'GNU.sparse.map': '0,4,1024,4',
      });
      const { entries, files, warnings } = await read(
        Buffer.concat([huge, blocks({ path: 'x', ...stored }), tarArchive([last])]),
      );
      expect(entries[0]).toMatchObject({ path: 'huge', size: 2 ** 50 });
      expect(entries[0]).not.toHaveProperty('sha256');
      expect([...files.keys()]).toEqual(['last']);
      expect(warnings.map(({ code }) => code)).toEqual(['SPARSE_FILE_NOT_HASHED', 'FILE_TOO_LARGE']);
    });

    it('above the limit in total are not read', async () => {
      const sparse = (name: string) =>
        Buffer.concat([
          pax({ 'GNU.sparse.name': name, 'GNU.sparse.size': '1100', 'GNU.sparse.map': '0,4,1024,4' }),
          blocks({ path: 'x', ...stored }),
        ]);
      const holes = Buffer.concat([
        pax({ 'GNU.sparse.name': 'holes', 'GNU.sparse.size': '1100', 'GNU.sparse.map': '1100,0' }),
        blocks({ path: 'x', content: '' }),
      ]);
      const layer = Buffer.concat([sparse('a'), sparse('b'), sparse('c'), holes, tarArchive([last])]);
      const { files, warnings } = await read(layer, { limits: { maxSparseBytes: 2500 } });
      expect([...files.keys()]).toEqual(['a', 'b', 'last']);
      expect(warnings.filter(({ code }) => code === 'FILE_TOO_LARGE').map(({ path }) => path)).toEqual(['c', 'holes']);
    });

    it.each([
      ['pieces that overlap', '2\n0\n4\n2\n4\n', 'CORRUPT_LAYER'],
      ['pieces behind the end', '2\n0\n4\n2000\n4\n', 'CORRUPT_LAYER'],
      ['less data than the map says', '2\n0\n4\n1024\n5\n', 'CORRUPT_LAYER'],
      ['a map that is no map', 'nonsense', 'CORRUPT_LAYER'],
      ['a negative number', '1\n-1\n8\n', 'CORRUPT_LAYER'],
      ['a map that never ends', '999999999\n', 'TRUNCATED_LAYER'],
    ])('with %s are rejected', async (_, map, code) => {
      const header = pax({
        'GNU.sparse.major': '1',
        'GNU.sparse.minor': '0',
        'GNU.sparse.name': 's',
        'GNU.sparse.realsize': '1100',
      });
      expect(await codeOf(read(Buffer.concat([header, blocks(mapped(map)), endBlocks])))).toBe(code);
    });
  });

  describe('broken archives', () => {
    const good = blocks(last);

    it.each([
      ['no blocks at the end', good, 'read'],
      ['one block at the end', Buffer.concat([good, Buffer.alloc(512)]), 'read'],
      ['something behind the end', Buffer.concat([good, endBlocks, Buffer.from('garbage'.repeat(1000))]), 'read'],
      ['nothing at all', Buffer.alloc(0), 'read'],
      ['a zero block in the middle', Buffer.concat([good, Buffer.alloc(512), good]), 'CORRUPT_LAYER'],
      ['no tar at all', Buffer.from('this is no tar file\n'.repeat(100)), 'CORRUPT_LAYER'],
      ['a wrong checksum', Buffer.concat([good, Buffer.from(good).fill('y', 0, 1)]), 'CORRUPT_LAYER'],
      ['a size that is not octal', Buffer.concat([raw(last, put(124, '99zz')), good]), 'CORRUPT_LAYER'],
      ['a negative size', raw(last, (header) => header.fill(0xff, 124, 136)), 'CORRUPT_LAYER'],
      [
        'a size of 2^63',
        raw(last, (header) => header.fill(0, 124, 136).fill(0x80, 124, 125).fill(0x80, 128, 129)),
        'CORRUPT_LAYER',
      ],
      ['a size behind the end', Buffer.concat([raw(last, put(124, '07777777777')), endBlocks]), 'TRUNCATED_LAYER'],
      ['half a header', Buffer.concat([good, good.subarray(0, 100)]), 'TRUNCATED_LAYER'],
      [
        'a PAX length that lies',
        Buffer.concat([flagged('x', { path: 'p', content: '99999 path=x\n' }), good]),
        'CORRUPT_LAYER',
      ],
      [
        'a PAX length of zero',
        Buffer.concat([flagged('x', { path: 'p', content: '0 path=x\n' }), good]),
        'CORRUPT_LAYER',
      ],
      [
        'a PAX length that is negative',
        Buffer.concat([flagged('x', { path: 'p', content: '-9 path=x\n' }), good]),
        'CORRUPT_LAYER',
      ],
      [
        'a PAX record without a value',
        Buffer.concat([flagged('x', { path: 'p', content: '7 path\n' }), good]),
        'CORRUPT_LAYER',
      ],
      ['a NUL in a PAX name', Buffer.concat([pax({ path: 'etc/passwd\0.txt' }), good]), 'CORRUPT_LAYER'],
      ['a PAX size that is no number', Buffer.concat([pax({ size: '1e3' }), good]), 'CORRUPT_LAYER'],
      ['a PAX header without an entry', Buffer.concat([pax({ path: 'never' }), endBlocks]), 'TRUNCATED_LAYER'],
      [
        'a PAX header of 8 GiB',
        Buffer.concat([
          raw({ path: 'p' }, (h) => (h.write('x', 156), h.fill(0, 124, 136).fill(0x80, 124, 125).fill(2, 131, 132))),
          good,
        ]),
        'maxHeaderBytes',
      ],
      [
        'a GNU name of a gigabyte',
        Buffer.concat([raw({ path: 'p' }, (h) => (h.write('L', 156), put(124, '07777777777')(h))), good]),
        'maxHeaderBytes',
      ],
      ['a sparse entry outside the GNU format', Buffer.concat([flagged('S', last), good]), 'CORRUPT_LAYER'],
    ])('are rejected: %s', async (_, tar, code) => {
      expect(await codeOf(read(tar))).toBe(code);
    });

    it('give a layer or an expected error for any changed byte', async () => {
      const tar = Buffer.concat([
        blocks({ path: `${'n'.repeat(120)}/x`, content: 'abc' }, last),
        pax({ 'GNU.sparse.map': '0,1', 'GNU.sparse.size': '9' }),
        tarArchive([{ path: 's', content: 'x' }]),
      ]);
      await fc.assert(
        fc.asyncProperty(
          fc.nat(tar.length - 1),
          fc.uint8Array({ minLength: 1, maxLength: 12 }),
          async (offset, bytes) => {
            const changed = Buffer.from(tar);
            changed.set(bytes.subarray(0, tar.length - offset), offset);
            const block = Math.floor(offset / 512) * 512;
            // Sum again where a header was hit, so that the change gets past the checksum.
            if (changed.toString('latin1', block + 257, block + 262) === 'ustar') {
              raw({ path: '' }, () => undefined).copy(changed, block + 148, 148, 148);
              changed.fill(' ', block + 148, block + 156);
              const sum = changed.subarray(block, block + 512).reduce((total, byte) => total + byte, 0);
              changed.write(`${sum.toString(8).padStart(6, '0')}\0 `, block + 148);
            }
            await codeOf(read(changed));
          },
        ),
        { numRuns: 500 },
      );
    });
  });

  describe('limits', () => {
    it.each<[string, TarEntry[], ReadLayerOptions['limits']]>([
      ['maxEntries', [last, last, last], { maxEntries: 2 }],
      ['maxPathBytes', [{ path: 'é'.repeat(30) }], { maxPathBytes: 50 }],
      ['maxPathBytes', [{ path: 'a', type: 'symlink', linkTarget: 'x'.repeat(60) }], { maxPathBytes: 50 }],
      ['maxNameBytes', [{ path: 'aaaa' }, { path: 'bbbb' }], { maxNameBytes: 7 }],
      ['maxHeaderBytes', [{ path: 'a'.repeat(200) }], { maxHeaderBytes: 100 }],
      ['maxUncompressedBytes', [last], { maxUncompressedBytes: 1000 }],
    ])('stop at %s', async (limit, entries, limits) => {
      expect(await codeOf(read(tarArchive(entries)))).toBe('read');
      expect(await codeOf(read(tarArchive(entries), { limits: limits! }))).toBe(limit);
    });

    it('allow a layer of zeros in a small blob', async () => {
      const zeros = Buffer.alloc(100 << 20);
      const layer = gzipSync(tarArchive([{ path: 'zeros', content: zeros }]));
      const { entries } = await read(layer, { mediaType: mediaTypes.ociLayerGzip });
      expect(entries[0]).toMatchObject({ size: zeros.length, sha256: sha256(zeros) });
    });

    it('report progress while a hole is hashed', async () => {
      let calls = 0;
      const holes = Buffer.concat([
        pax({ 'GNU.sparse.name': 'holes', 'GNU.sparse.size': String(3 << 20), 'GNU.sparse.map': `${3 << 20},0` }),
        blocks({ path: 'x', content: '' }),
      ]);
      await read(Buffer.concat([holes, tarArchive([last])]), { progressed: () => (calls += 1) });
      expect(calls).toBeGreaterThanOrEqual(3);
    });

    it('skip only a file that is too large', async () => {
      const tar = tarArchive([
        { path: 'large', content: 'xxxx' },
        { path: 'small', content: 'x' },
      ]);
      const { entries, files, warnings } = await read(tar, { limits: { maxWantedFileBytes: 3 } });
      expect(entries[0]?.sha256).toBe(sha256('xxxx'));
      expect([...files.keys()]).toEqual(['small']);
      expect(warnings).toMatchObject([{ code: 'FILE_TOO_LARGE', path: 'large' }]);
    });

    it('count warnings above the limit', async () => {
      const tar = tarArchive(Array.from({ length: 1_005 }, (_, position) => ({ path: `../${position}` })));
      const { warnings } = await read(tar);
      expect(warnings).toHaveLength(1_001);
      expect(warnings.at(-1)).toMatchObject({ code: 'MORE_WARNINGS', message: '5 more warnings' });
    });
  });

  describe('the diffID', () => {
    const tar = Buffer.concat([tarArchive([last]), Buffer.from('behind the end')]);

    it('covers the whole tar, including bytes after its end', async () => {
      const diffId = `sha256:${sha256(tar)}`;
      expect((await read(tar, { expectedDiffId: diffId })).diffId).toBe(diffId);
    });

    it('must match the config', async () => {
      expect(await codeOf(read(tar, { expectedDiffId: `sha256:${'0'.repeat(64)}` }))).toBe('DIFF_ID_MISMATCH');
    });
  });

  describe('compression', () => {
    const random = Buffer.from(Array.from({ length: 300_000 }, (_, position) => (position * position * 31) % 251));
    const tar = tarArchive([
      { path: 'random', content: random },
      { path: 'zeros', content: Buffer.alloc(300_000) },
      last,
    ]);
    const parts = [tar.subarray(0, 1000), tar.subarray(1000, 200_000), tar.subarray(200_000)];
    const skippable = Buffer.concat([Buffer.from('512a4d18', 'hex'), Buffer.from([4, 0, 0, 0]), Buffer.from('note')]);
    const { ociLayer, ociLayerGzip, ociLayerZstd, dockerLayerGzip } = mediaTypes;
    const zstdFrames = Buffer.concat([skippable, ...parts.flatMap((part) => [zstdCompressSync(part), skippable])]);

    it.each([
      ['none', tar, ociLayer],
      ['gzip', gzipSync(tar), ociLayerGzip],
      ['gzip of Docker', gzipSync(tar), dockerLayerGzip],
      ['gzip in members, as eStargz', Buffer.concat(parts.map((part) => gzipSync(part))), ociLayerGzip],
      ['zstd', zstdCompressSync(tar), ociLayerZstd],
      ['zstd in frames, as zstd:chunked', zstdFrames, ociLayerZstd],
    ])('by %s is undone for chunks of any size', async (_, blob, mediaType) => {
      for (const chunkBytes of [7_919, 1 << 20]) {
        const content = await keeping((keep) =>
          readLayer(chunked(blob, chunkBytes), { mediaType, wants: (path) => path === 'last', ...keep }),
        );
        expect(content.diffId).toBe(`sha256:${sha256(tar)}`);
        expect(content.files.get('last')?.toString()).toBe('still in step');
        expect(content).toMatchObject({ warnings: [], uncompressedBytes: tar.length });
      }
    });

    it.each([
      ['gzip as none', gzipSync(tar), ociLayer],
      ['none as gzip', tar, ociLayerGzip],
      ['gzip as an unknown type', gzipSync(tar), 'application/x-unknown'],
    ])('by %s is read, with a warning', async (_, blob, mediaType) => {
      const { entries, warnings } = await read(blob, { mediaType });
      expect(entries).toHaveLength(3);
      expect(warnings).toMatchObject([{ code: 'MEDIA_TYPE_MISMATCH', path: null }]);
    });

    const gzip = gzipSync(tar);
    const zstd = zstdCompressSync(tar);
    it.each([
      ['gzip cut short', gzip.subarray(0, -5), 'TRUNCATED_LAYER'],
      ['gzip with a wrong sum', Buffer.concat([gzip.subarray(0, -8), Buffer.alloc(8)]), 'CORRUPT_LAYER'],
      ['gzip with garbage behind', Buffer.concat([gzip, Buffer.from('garbage')]), 'CORRUPT_LAYER'],
      ['zstd cut short', zstd.subarray(0, -5), 'TRUNCATED_LAYER'],
      ['zstd cut in the second frame', Buffer.concat([zstd, zstd.subarray(0, 40)]), 'TRUNCATED_LAYER'],
      ['zstd cut in a magic number', Buffer.concat([zstd, zstd.subarray(0, 2)]), 'TRUNCATED_LAYER'],
      ['zstd cut in a skippable frame', Buffer.concat([zstd, skippable.subarray(0, 9)]), 'TRUNCATED_LAYER'],
      ['zstd with garbage behind', Buffer.concat([zstd, Buffer.from('garbage')]), 'CORRUPT_LAYER'],
      ['zstd with a broken block', Buffer.from(zstd).fill(0xff, 30, 60), 'CORRUPT_LAYER'],
      ['bzip2', Buffer.from('BZh91AY&SY'), 'UNSUPPORTED_COMPRESSION'],
      ['xz', Buffer.from('fd377a585a0000', 'hex'), 'UNSUPPORTED_COMPRESSION'],
    ])('by %s is rejected', async (_, blob, code) => {
      const mediaType = ociLayerGzip;
      for (const chunkBytes of [1_000, 1 << 20]) {
        expect(await codeOf(readLayer(chunked(blob, chunkBytes), { mediaType, ...nothing }))).toBe(code);
      }
    });

    it("passes the source's error on and destroys the source", async () => {
      const lost = new Error('connection lost');
      let closed = 0;
      async function* broken(fails: boolean): AsyncGenerator<Uint8Array> {
        try {
          yield gzip.subarray(0, 100);
          if (fails) throw lost;
          for (;;) yield gzip;
        } finally {
          closed += 1;
        }
      }
      const options = { mediaType: ociLayerGzip, ...nothing };
      await expect(readLayer(broken(true), options)).rejects.toBe(lost);
      await expect(readLayer(broken(false), options)).rejects.toMatchObject({ code: 'CORRUPT_LAYER' });
      await new Promise(setImmediate);
      expect(closed).toBe(2);
    });
  });

  describe('wanted links', () => {
    it('follow hard links to hard links', async () => {
      const wantsLink = (path: string) => path === 'c';
      const first = await read(
        tarArchive([
          { path: 'a', content: 'x' },
          { path: 'b', type: 'hardlink', linkTarget: 'a' },
          { path: 'c', type: 'hardlink', linkTarget: 'b' },
        ]),
        { wantsLink },
      );
      expect(pendingLinks(first, {})).toEqual([{ path: 'c', target: 'a', sizeBytes: 1 }]);
    });

    it('are pending if their file was not read', async () => {
      const tar = tarArchive([
        { path: 'data/status', content: 'x' },
        { path: 'lib', type: 'symlink', linkTarget: 'data' },
        { path: 'db/hard', type: 'hardlink', linkTarget: 'data/status' },
        { path: 'db/soft', type: 'symlink', linkTarget: '../lib/status' },
        { path: 'db/elsewhere', type: 'symlink', linkTarget: '/other/layer' },
      ]);
      const wantsLink = (path: string) => path.startsWith('db/');
      const first = await read(tar, { wantsLink });
      expect(first.links.map(({ path }) => path)).toEqual(['db/hard', 'db/soft', 'db/elsewhere']);
      const pending = pendingLinks(first, {});
      expect(pending).toEqual([
        { path: 'db/hard', target: 'data/status', sizeBytes: 1 },
        { path: 'db/soft', target: 'data/status', sizeBytes: 1 },
      ]);
    });

    it('are followed by a second reading that changes nothing else', async () => {
      const tar = tarArchive([
        { path: 'etc/real', content: 'release' },
        { path: 'etc/os-release', type: 'symlink', linkTarget: '../usr/lib/os-release' },
        { path: 'usr/lib/os-release', type: 'symlink', linkTarget: '../../etc/real' },
        { path: 'etc/loop', type: 'symlink', linkTarget: 'loop' },
        { path: '../odd' },
      ]);
      let readings = 0;
      const open = () => {
        readings += 1;
        return chunked(tar);
      };
      const wants = (path: string) => /os-release$|loop$/.test(path);
      const follow = (more: (path: string) => boolean) =>
        keeping((keep) =>
          readLayerFollowingLinks(open, { mediaType: mediaTypes.ociLayer, wants: more, wantsLink: more, ...keep }),
        );
      const content = await follow(wants);
      expect(content.files.get('etc/os-release')?.toString()).toBe('release');
      expect(content.files.get('usr/lib/os-release')?.toString()).toBe('release');
      expect(content.warnings).toMatchObject([{ code: 'PARENT_PATH' }]);
      expect(readings).toBe(2);
      await follow(() => true);
      expect(readings).toBe(3);
    });

    it('are skipped above the limits of a layer, with a warning', async () => {
      const tar = tarArchive([
        { path: 'data', content: 'four' },
        ...['a', 'b', 'c'].map((name): TarEntry => ({ path: `db/${name}`, type: 'hardlink', linkTarget: 'data' })),
      ]);
      const wantsLink = (path: string) => path.startsWith('db/');
      const follow = (limits: ReadLayerOptions['limits']) =>
        keeping((keep) =>
          readLayerFollowingLinks(() => chunked(tar), {
            mediaType: mediaTypes.ociLayer,
            wants: wantsLink,
            wantsLink,
            ...keep,
            ...(limits && { limits }),
          }),
        );
      const some = await follow({ maxLinkedBytes: 9 });
      expect([...some.files.keys()]).toEqual(['db/a', 'db/b']);
      expect(some.warnings).toMatchObject([{ code: 'FILE_TOO_LARGE', path: 'db/c' }]);
      const none = await follow({ maxWantedFileBytes: 3 });
      expect([...none.files.keys()]).toEqual([]);
      expect(none.warnings.map(({ path }) => path)).toEqual(['db/a', 'db/b', 'db/c']);
    });

    it('to sparse files above the limit are reported', async () => {
      const holes = Buffer.concat([
        pax({ 'GNU.sparse.name': 'data', 'GNU.sparse.size': '1100', 'GNU.sparse.map': '1100,0' }),
        blocks({ path: 'x', content: '' }),
      ]);
      const tar = Buffer.concat([holes, tarArchive([{ path: 'db', type: 'symlink', linkTarget: 'data' }])]);
      const wants = (path: string) => path === 'db';
      const options = { mediaType: mediaTypes.ociLayer, limits: { maxSparseBytes: 1000 }, wants, wantsLink: wants };
      const { files, warnings } = await keeping((keep) =>
        readLayerFollowingLinks(() => chunked(tar), { ...options, ...keep }),
      );
      expect([...files.keys()]).toEqual([]);
      expect(warnings.map(({ code, path }) => [code, path])).toEqual([
        ['SPARSE_FILE_NOT_HASHED', 'data'],
        ['FILE_TOO_LARGE', 'db'],
      ]);
    });

    it('may be hard links that are wanted by their own name', async () => {
      const tar = tarArchive([
        { path: 'store/1', content: 'x' },
        { path: 'a.json', type: 'hardlink', linkTarget: 'store/1' },
        { path: 'b.json', content: 'y' },
        { path: 'c.json', type: 'hardlink', linkTarget: 'b.json' },
        { path: 'd.json', type: 'symlink', linkTarget: 'store/1' },
      ]);
      const wants = (path: string) => path.endsWith('.json');
      const wantsHardlink = (path: string, target: string) => wants(path) && !wants(target);
      const first = await read(tar, { wants, wantsHardlink });
      expect(pendingLinks(first, { wantsHardlink })).toEqual([{ path: 'a.json', target: 'store/1', sizeBytes: 1 }]);
    });

    it('may be hard links whose digests have a use under their own name alone', async () => {
      const tar = tarArchive([
        { path: 'store/1', content: 'x' },
        { path: 'a.json', type: 'hardlink', linkTarget: 'store/1', mode: 0o640 },
        { path: 'b.json', type: 'hardlink', linkTarget: 'store/1' },
      ]);
      const wants = (path: string) => path.endsWith('.json');
      const { entries } = await readLayerFollowingLinks(() => chunked(tar), {
        ...{ mediaType: mediaTypes.ociLayer, wants, take: () => undefined },
        wantsHardlink: (path, target) => wants(path) && !wants(target),
        needsDigests: (path) => path === 'a.json',
      });
      expect(Array.from(entries, ({ path, mode, sha256: digest }) => [path, mode, digest])).toEqual([
        ['store/1', 0o644, undefined],
        ['a.json', 0o640, sha256('x')],
        ['b.json', 0o644, sha256('x')],
      ]);
    });

    it('to a wanted file are not pending', async () => {
      const tar = tarArchive([
        { path: 'a', type: 'symlink', linkTarget: 'b' },
        { path: 'b', content: 'x' },
      ]);
      const wantsLink = () => true;
      expect(pendingLinks(await read(tar, { wantsLink }), {})).toEqual([]);
    });

    it('to a missing file are named', async () => {
      const { entries, warnings } = await read(
        tarArchive([
          { path: 'a', type: 'hardlink', linkTarget: '../../etc/shadow' },
          { path: 'self', content: 'x' },
          { path: 'self', type: 'hardlink', linkTarget: 'self' },
        ]),
      );
      expect(warnings.map(({ code, path }) => [code, path])).toEqual([
        ['HARDLINK_WITHOUT_TARGET', 'a'],
        ['HARDLINK_WITHOUT_TARGET', 'self'],
      ]);
      expect(entries.map(({ path, sha256 }) => [path, sha256])).toEqual([
        ['a', undefined],
        ['self', undefined],
      ]);
    });
  });
});
