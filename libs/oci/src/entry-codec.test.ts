import { zstdCompressSync } from 'node:zlib';

import * as fc from 'fast-check';

import { decodeEntries, decodeEntryPages, encodeEntries, entriesVersion } from './entry-codec.js';
import { EntryTable } from './entry-table.js';
import { entryTypes, type LayerEntry } from './layer-entry.js';

const path = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replaceAll('\0', '')),
  fc.array(fc.constantFrom('usr', 'lib', '😀', '😁', 'é'), { maxLength: 6 }).map((parts) => parts.join('/')),
);
const id = fc.integer({ min: 0, max: 2 ** 32 - 1 });

const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => Buffer.from(value).toString('hex'));

const entry: fc.Arbitrary<LayerEntry> = fc.record(
  {
    path,
    type: fc.constantFrom(...entryTypes),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: id,
    gid: id,
    mtime: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    size: fc.maxSafeNat(),
    sha256: hex(32),
    md5: hex(16),
    sha1: hex(20),
    linkTarget: path,
    capabilities: fc.constantFrom(0, 12, 20, 24).chain(hex),
    whiteout: fc.constantFrom('file' as const, 'opaque' as const),
  },
  { requiredKeys: ['path', 'type', 'mode', 'uid', 'gid', 'size'] },
);

/** The blob of a page with these bytes. */
function packed(page: Uint8Array): Buffer {
  const bytes = zstdCompressSync(page);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([Buffer.of(entriesVersion), length, bytes]);
}

function encoded(table: EntryTable): Buffer {
  return Buffer.concat([...encodeEntries(table.pages())]);
}

function file(at: string): LayerEntry {
  return { path: at, type: 'file', mode: 0o644, uid: 0, gid: 0, size: 0 };
}

/** A page with one row, changed. */
function changedRow(change: (row: Buffer) => void): Buffer {
  const [page] = EntryTable.of([file('usr/bin/su')]).pages();
  change(page!);
  return packed(page!);
}

describe('encodeEntries and decodeEntries', () => {
  it('restore the entries of one page or many', () => {
    fc.assert(
      fc.property(fc.array(entry), fc.constantFrom(1, 1, 1, 1, 1, 1, 1, 500), (drawn, times) => {
        const entries = Array.from({ length: times }, () => drawn).flat();
        const unpacked = decodeEntries(encoded(EntryTable.of(entries)));
        expect(JSON.parse(JSON.stringify([...unpacked]))).toEqual(entries);
      }),
    );
  });

  /** A blob in pieces of some bytes. */
  async function* inPieces(blob: Buffer, bytes: number): AsyncGenerator<Buffer> {
    for (let at = 0; at < blob.length; at += bytes) yield blob.subarray(at, at + bytes);
  }

  async function pathsInPieces(blob: Buffer, bytes: number): Promise<string[]> {
    const paths: string[] = [];
    for await (const page of decodeEntryPages(inPieces(blob, bytes))) for (const { path: at } of page) paths.push(at);
    return paths;
  }

  it.each([1, 7, 4_096, 1 << 24])('restore them page by page, from pieces of %i bytes', async (bytes) => {
    const entries = Array.from({ length: 5_000 }, (_, position) => file(`usr/share/doc/package-${position}/copyright`));
    const table = EntryTable.of(entries);
    expect([...table.pages()].length).toBeGreaterThan(1);
    expect(await pathsInPieces(encoded(table), bytes)).toEqual(entries.map((each) => each.path));
    expect(await pathsInPieces(encoded(EntryTable.of([])), bytes)).toEqual([]);
  });

  it('omit removed entries', () => {
    const table = EntryTable.of([file('a'), file('b'), file('c')]);
    table.remove(1);
    table.compact();
    expect(Array.from(decodeEntries(encoded(table)), (each) => each.path)).toEqual(['a', 'c']);
  });

  it('pack the same entries to the same bytes, far smaller than JSON', () => {
    const entries = Array.from({ length: 1_000 }, (_, position): LayerEntry => {
      return { ...file(`usr/share/doc/package-${position}/copyright`), size: position };
    });
    const blob = encoded(EntryTable.of(entries));
    expect(encoded(EntryTable.of(entries))).toEqual(blob);
    expect(blob.length).toBeLessThan(JSON.stringify(entries).length / 10);
  });

  it('decode or reject any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isPacked) => {
        const blob = isPacked ? packed(bytes) : bytes;
        try {
          decodeEntries(blob);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ENTRIES_INVALID' });
        }
      }),
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['another version', Buffer.of(1)],
    ['a page cut short', changedRow(() => undefined).subarray(0, -1)],
    ['half the length of a page', Buffer.of(entriesVersion, 1, 0)],
    ['a page of other bytes', Buffer.of(entriesVersion, 1, 0, 0, 0, 7)],
    ['half a row', packed(Buffer.alloc(10))],
    ['a row beyond its page', changedRow((row) => row.writeUInt16BE(11, 20))],
    ['a NUL in a name', changedRow((row) => row.fill(0, 25, 26))],
    ['a type that there is not', changedRow((row) => row.writeUInt16BE(7, 0))],
    ['a kind that there is not', changedRow((row) => row.writeUInt16BE(0x800, 0))],
    ['capabilities beyond their page', changedRow((row) => row.writeUInt16BE(0x400, 0))],
    ['half a byte of size', changedRow((row) => row.writeDoubleBE(0.5, 16))],
    ['a link target of what is no link', changedRow((row) => row.writeUInt32BE((9 << 16) | 1, 24))],
  ])('reject %s', (_, blob) => {
    expect(() => decodeEntries(blob)).toThrow(expect.objectContaining({ code: 'ENTRIES_INVALID' }));
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['another version', Buffer.of(1)],
    ['a page cut short', changedRow(() => undefined).subarray(0, -1)],
    ['half the length of a page', Buffer.of(entriesVersion, 1, 0)],
    ['a page that is too long', Buffer.of(entriesVersion, 255, 255, 255, 255, 0)],
    ['half a row', packed(Buffer.alloc(10))],
    ['a bomb', packed(Buffer.alloc(16 << 20))],
  ])('reject %s in pieces', async (_, blob) => {
    for (const bytes of [1, 1 << 20])
      await expect(pathsInPieces(blob, bytes)).rejects.toMatchObject({ code: 'ENTRIES_INVALID' });
  });

  it('reject a bomb', () => {
    expect(() => decodeEntries(packed(Buffer.alloc(16 << 20)))).toThrow(
      expect.objectContaining({ code: 'ENTRIES_INVALID' }),
    );
  });
});
