import { zstdCompressSync } from 'node:zlib';

import * as fc from 'fast-check';

import { decodeEntries, encodeEntries, entriesVersion } from './entry-codec.js';
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
    size: fc.maxSafeNat(),
    sha256: hex(32),
    md5: hex(16),
    sha1: hex(20),
    linkTarget: path,
    whiteout: fc.constantFrom('file' as const, 'opaque' as const),
  },
  { requiredKeys: ['path', 'type', 'mode', 'uid', 'gid', 'size'] },
);

/** The blob whose blocks hold these bytes. */
function packed(...blocks: Uint8Array[]): Buffer {
  const parts = blocks.flatMap((block) => {
    const bytes = zstdCompressSync(block);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat([Buffer.of(entriesVersion), ...parts]);
}

it('gives back what was packed, in one block or in many', () => {
  fc.assert(
    fc.property(fc.array(entry), fc.constantFrom(1, 1, 1, 1, 1, 1, 1, 500), (drawn, times) => {
      const entries = Array.from({ length: times }, () => drawn).flat();
      expect(JSON.parse(JSON.stringify([...decodeEntries(encodeEntries(entries))]))).toEqual(entries);
    }),
  );
});

it('packs the same entries to the same bytes, far smaller than JSON', () => {
  const entries = Array.from({ length: 1_000 }, (_, position): LayerEntry => {
    return {
      path: `usr/share/doc/package-${position}/copyright`,
      type: 'file',
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: position,
    };
  });
  const blob = encodeEntries(entries);
  expect(encodeEntries(entries)).toEqual(blob);
  expect(blob.length).toBeLessThan(JSON.stringify(entries).length / 10);
});

it('answers any bytes with entries or an expected error', () => {
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
  ['a block cut short', packed(Buffer.of(0, 0, 1, 97, 0, 0, 0, 0)).subarray(0, -1)],
  ['half the length of a block', Buffer.of(entriesVersion, 1, 0)],
  ['a block of other bytes', Buffer.of(entriesVersion, 1, 0, 0, 0, 7)],
  ['an entry cut short', packed(Buffer.of(0, 0, 50, 97))],
  ['a NUL in a name', packed(Buffer.of(0, 0, 1, 0, 0, 0, 0, 0))],
  ['half a character', packed(Buffer.of(0, 0, 4, ...Buffer.from('😀'), 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0))],
  ['a type that there is not', packed(Buffer.of(7, 0, 1, 97, 0, 0, 0, 0))],
  ['a mode of three bytes', packed(Buffer.of(0, 0, 1, 97, 0x80, 0x80, 4, 0, 0, 0))],
  ['a number without end', packed(Buffer.alloc(20, 0xff))],
  ['a number of endless zeros', packed(Buffer.alloc(400, 0x80))],
])('refuses %s', (_, blob) => {
  expect(() => decodeEntries(blob)).toThrow(expect.objectContaining({ code: 'ENTRIES_INVALID' }));
});

it('refuses a bomb', () => {
  expect(() => decodeEntries(packed(Buffer.alloc(1024 * 1024)))).toThrow(
    expect.objectContaining({ code: 'ENTRIES_INVALID' }),
  );
});
