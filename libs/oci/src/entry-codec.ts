import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';

import { EntryTable, pageBytes } from './entry-table.js';
import { layerLimits } from './limits.js';

/** Version of the stored entry list of a layer. */
export const entriesVersion = 4;
/** Limit on the growth of incompressible bytes. */
const maxPackedPageBytes = 2 * pageBytes;

// Format: one byte of version, then for each page of the table the number of compressed bytes (32
// bits, little-endian) and that many of zstd. A layer of a distribution takes 50 to 70 bytes an
// entry, mostly digests. At most one page is in memory uncompressed.

/** Compresses the pages of a table into a blob, in pieces; the same pages give the same bytes. */
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

/** Whether this version of the program wrote these entries; for others, the layer is read again. */
export function canDecodeEntries(blob: Uint8Array): boolean {
  return blob[0] === entriesVersion;
}

/**
 * Decodes the output of `encodeEntries`.
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
    if (table.length > layerLimits.maxEntries) throw tooMany();
    at = end;
  }
  return table;
}

/**
 * Decodes the output of `encodeEntries` one page at a time, from a blob in pieces. Neither is ever
 * in memory as a whole.
 * @throws InvalidInput `ENTRIES_INVALID`
 * @throws LimitExceeded `maxEntries`
 */
export async function* decodeEntryPages(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<EntryTable> {
  let bytes = Buffer.alloc(0);
  let length = 0;
  let hasVersion = false;
  for await (const piece of pieces) {
    bytes = Buffer.concat([bytes, piece]);
    if (bytes.length === 0) continue;
    if (!hasVersion && !canDecodeEntries(bytes)) throw invalid('of an unknown version');
    let at = hasVersion ? 0 : 1;
    hasVersion = true;
    for (let end = endOfPage(bytes, at); end !== undefined; end = endOfPage(bytes, at)) {
      const table = new EntryTable();
      if (!table.addPage(unpack(bytes.subarray(at + 4, end)))) throw invalid('with an impossible entry');
      length += table.length;
      if (length > layerLimits.maxEntries) throw tooMany();
      yield table;
      at = end;
    }
    bytes = bytes.subarray(at);
  }
  if (!hasVersion) throw invalid('of an unknown version');
  if (bytes.length > 0) throw invalid('that is cut short');
}

/** Undefined if the rest of the page has not arrived. */
function endOfPage(bytes: Buffer, at: number): number | undefined {
  if (bytes.length - at < 4) return undefined;
  const packedBytes = bytes.readUInt32LE(at);
  if (packedBytes > maxPackedPageBytes) throw invalid('with a page that is too long');
  const end = at + 4 + packedBytes;
  return end > bytes.length ? undefined : end;
}

function tooMany(): LimitExceeded {
  return new LimitExceeded('maxEntries', `file list of more than ${layerLimits.maxEntries} entries`);
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
