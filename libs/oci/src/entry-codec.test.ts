import { deflateRawSync } from 'node:zlib';

import * as fc from 'fast-check';

import { decodeEntries, encodeEntries } from './entry-codec.js';
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
    capabilities: hex(20),
    whiteout: fc.constantFrom('file' as const, 'opaque' as const),
  },
  { requiredKeys: ['path', 'type', 'mode', 'uid', 'gid', 'size'] },
);

it('gives back what was packed', () => {
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      expect(decodeEntries(encodeEntries(entries))).toEqual(entries);
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
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isDeflated) => {
      const blob = isDeflated ? deflateRawSync(Buffer.concat([Buffer.from([1]), bytes])) : bytes;
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
  ['another version', deflateRawSync(Buffer.from([2]))],
  ['an entry cut short', deflateRawSync(Buffer.from([1, 0, 0, 50, 97]))],
  ['a NUL in a name', deflateRawSync(Buffer.from([1, 0, 0, 1, 0, 0, 0, 0, 0]))],
  [
    'half a character',
    deflateRawSync(Buffer.from([1, 0, 0, 4, ...Buffer.from('😀'), 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0])),
  ],
  ['a number without end', deflateRawSync(Buffer.concat([Buffer.from([1]), Buffer.alloc(20, 0xff)]))],
])('refuses %s', (_, blob) => {
  expect(() => decodeEntries(blob)).toThrow(expect.objectContaining({ code: 'ENTRIES_INVALID' }));
});

it('refuses a bomb', () => {
  const bomb = deflateRawSync(Buffer.alloc(513 * 1024 * 1024), { level: 1 });
  expect(() => decodeEntries(bomb)).toThrow(expect.objectContaining({ limit: 'maxDecodedBytes' }));
});
