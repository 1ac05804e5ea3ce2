import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';

import { EntryTable, pageBytes } from './entry-table.js';
import { layerLimits } from './limits.js';

/** Stored with every layer that was read: the form of its list. */
export const entriesVersion = 3;

// One byte of version, then for each page of the table the number of compressed bytes (32 bits, little-endian) and that many of zstd.
// A layer of a distribution takes 50 to 70 bytes an entry, most of it digests. Nobody ever holds more than a page unpacked.

/** Packs the pages of a table into a blob, which comes in pieces; the same pages give the same bytes. */
export function* encodeEntries(pages: Iterable<Buffer>): Generator<Buffer> {
  yield Buffer.of(entriesVersion);
  for (const page of pages) {
    const packed = zstdCompressSync(page);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(packed.length);
    yield length;
    yield packed;
  }
}

/** Whether this version of the program packed these entries; those of another are not unpacked, the layer is read again. */
export function canDecodeEntries(blob: Uint8Array): boolean {
  return blob[0] === entriesVersion;
}

/**
 * Unpacks what `encodeEntries` packed.
 * @throws InvalidInput `ENTRIES_INVALID`
 * @throws LimitExceeded `maxEntries`
 */
export function decodeEntries(blob: Uint8Array): EntryTable {
  const bytes = Buffer.from(blob.buffer, blob.byteOffset, blob.byteLength);
  if (!canDecodeEntries(bytes)) throw invalid('of an unknown version');
  const table = new EntryTable();
  for (let at = 1; at < bytes.length;) {
    const end = at + 4 + (bytes.length - at < 4 ? 0 : bytes.readUInt32LE(at));
    if (end > bytes.length) throw invalid('that is cut short');
    if (!table.addPage(unpack(bytes.subarray(at + 4, end)))) throw invalid('with an impossible entry');
    if (table.length > layerLimits.maxEntries) {
      throw new LimitExceeded('maxEntries', `file list of more than ${layerLimits.maxEntries} entries`);
    }
    at = end;
  }
  return table;
}

function unpack(packed: Buffer): Buffer {
  try {
    return zstdDecompressSync(packed, { maxOutputLength: pageBytes });
  } catch (cause) {
    throw invalid('with a page that cannot be unpacked', cause);
  }
}

function invalid(what: string, cause?: unknown): InvalidInput {
  return new InvalidInput('ENTRIES_INVALID', `file list ${what}`, { cause });
}
