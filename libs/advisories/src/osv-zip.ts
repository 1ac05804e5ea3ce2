import { callbackify } from 'node:util';
import { crc32, inflateRawSync } from 'node:zlib';

import { InvalidInput, LimitExceeded, TidewaiterError } from '@tidewaiter/domain';
import { RandomAccessReader, fromRandomAccessReaderPromise } from 'yauzl';
import type { Entry } from 'yauzl';

/** Reader at any position, like an open `FileHandle`. The caller opens and closes it. */
export interface RandomAccess {
  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
}

type ReadRange = (position: number, length: number) => Promise<Buffer>;

/** One entry of the archive with its size as text, or the reason why it could not be read. */
export type OsvZipItem = { name: string; json: unknown; sizeBytes: number } | { name: string; error: TidewaiterError };

/** Limit on entries; the bucket's largest archive has 1.1 million. */
const maxEntries = 4_000_000;
/** Limit on one entry, packed and unpacked. The largest records have 100 KB. */
const maxEntryBytes = 16 * 1024 * 1024;
/**
 * Limit on all entries, unpacked: entries may share their bytes, so the archive's size does not
 * bound them. The largest has 5 GiB.
 */
const maxTotalBytes = 64 * 1024 * 1024 * 1024;

const windowBytes = 256 * 1024;

const stored = 0;
const deflated = 8;

const localHeaderBytes = 30;
const localHeaderSignature = 0x04034b50;

/**
 * Reads the records of an `all.zip` of the OSV bucket one after another; a broken entry gives an
 * item with an error.
 * @param size Size of the archive in bytes.
 * @throws InvalidInput `OSV_ZIP` when the central directory cannot be read: missing records would
 * go unnoticed.
 * @throws LimitExceeded `maxEntries`, `maxTotalBytes`
 * @see https://google.github.io/osv.dev/data/#data-dumps
 */
export async function* readOsvZip(reader: RandomAccess, size: number): AsyncGenerator<OsvZipItem, void, undefined> {
  // Separate read-ahead: the directory at the end and the entries before it are read in turns.
  const read = readAhead(reader, size);
  let totalBytes = 0;
  for await (const entry of listEntries(reader, size)) {
    totalBytes += entry.uncompressedSize;
    if (totalBytes > maxTotalBytes)
      throw new LimitExceeded('maxTotalBytes', `more than ${maxTotalBytes} bytes unpacked`);
    const name = entry.fileNameRaw.toString('utf8');
    if (!name.endsWith('/')) yield await readItem(name, entry, read);
  }
}

/** Walks the central directory: the bucket's local headers have no sizes. */
async function* listEntries(reader: RandomAccess, size: number): AsyncGenerator<Entry, void, undefined> {
  try {
    const zip = await fromRandomAccessReaderPromise(new ArchiveReader(readAhead(reader, size)), size, {
      autoClose: false,
      lazyEntries: true,
      // Names are only shown, and one bad name or size must not end the walk.
      decodeStrings: false,
      validateEntrySizes: false,
    });
    if (zip.entryCount > maxEntries) throw new LimitExceeded('maxEntries', `more than ${maxEntries} entries`);
    yield* zip.eachEntry();
  } catch (error) {
    // yauzl's own errors are bare; a failing disk has a code and is not the archive's fault.
    if (!(error instanceof Error) || 'code' in error) throw error;
    throw unreadable(error.message, error);
  }
}

async function readItem(name: string, entry: Entry, read: ReadRange): Promise<OsvZipItem> {
  try {
    const content = await readContent(entry, read);
    return { name, json: JSON.parse(content.toString('utf8')), sizeBytes: content.length };
  } catch (error) {
    if (error instanceof TidewaiterError) return { name, error };
    if (error instanceof SyntaxError) return { name, error: unreadable('not JSON', error) };
    throw error;
  }
}

async function readContent(entry: Entry, read: ReadRange): Promise<Buffer> {
  if (Math.max(entry.compressedSize, entry.uncompressedSize) > maxEntryBytes) {
    throw new LimitExceeded('maxEntryBytes', `the entry has more than ${maxEntryBytes} bytes`);
  }
  if (entry.isEncrypted()) throw unreadable('encrypted');

  const headerStart = entry.relativeOffsetOfLocalHeader;
  const header = await read(headerStart, localHeaderBytes);
  if (header.readUInt32LE(0) !== localHeaderSignature) throw unreadable('no local file header');
  const namesBytes = header.readUInt16LE(26) + header.readUInt16LE(28);
  const packed = await read(headerStart + localHeaderBytes + namesBytes, entry.compressedSize);
  const content = unpack(packed, entry);
  if (crc32(content) !== entry.crc32) throw unreadable('wrong checksum');
  return content;
}

function unpack(packed: Buffer, { compressionMethod, uncompressedSize }: Entry): Buffer {
  if (compressionMethod === stored) return packed;
  if (compressionMethod !== deflated) throw unreadable(`unknown compression method ${compressionMethod}`);
  try {
    // At most the size in the central directory, which was checked against the limits.
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, uncompressedSize) });
  } catch (error) {
    throw unreadable('broken compression', error);
  }
}

/** Reads ahead: the zip reader requests a few bytes at a time, nearly in order. */
function readAhead(reader: RandomAccess, size: number): ReadRange {
  let start = 0;
  let window = Buffer.alloc(0);
  return async (position, length) => {
    if (position + length > size) throw unreadable('it ends too early');
    if (position < start || position + length > start + window.length) {
      window = await readExactly(reader, position, Math.min(Math.max(length, windowBytes), size - position));
      start = position;
    }
    return window.subarray(position - start, position - start + length);
  };
}

async function readExactly(reader: RandomAccess, position: number, length: number): Promise<Buffer<ArrayBuffer>> {
  const buffer = Buffer.alloc(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await reader.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) throw unreadable('it ends too early');
    done += bytesRead;
  }
  return buffer;
}

function unreadable(reason: string, cause?: unknown): InvalidInput {
  return new InvalidInput('OSV_ZIP', `cannot be read: ${reason}`, { cause });
}

/** Adapts our reader to yauzl. */
class ArchiveReader extends RandomAccessReader {
  constructor(private readonly readBytes: ReadRange) {
    super();
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null) => void,
  ): void {
    const copy = async () => (await this.readBytes(position, length)).copy(buffer, offset);
    callbackify(copy)(done);
  }
}
