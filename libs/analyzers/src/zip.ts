import { constants, crc32, inflateRawSync } from 'node:zlib';

import { LimitExceeded, MalformedFile } from '@tidewaiter/domain';

/** File of an archive. */
export interface ZipEntry {
  /** Name in the archive, unchecked, possibly with `../`: never a path to write to. */
  name: string;
  /** Bytes that {@link read} returns. */
  size: number;
  /** Whether the content may be an archive, by its first bytes: few of them are inflated. */
  mayBeArchive(): boolean;
  /**
   * Returns the content, which may share the archive's memory: lent like the archive, do not store
   * it.
   * @throws MalformedFile when it cannot be read or contradicts the directory
   * @throws LimitExceeded `maxEntryBytes`, `maxRatio` or `maxTotalBytes`
   */
  read(): Buffer;
}

/** Limits for reading one archive. */
export interface ZipLimits {
  /** Entries of the directory, read or not. */
  maxEntries: number;
  /** Bytes of one entry. */
  maxEntryBytes: number;
  /** Bytes of all entries that are read. */
  maxTotalBytes: number;
  /** Ratio of uncompressed to compressed bytes, for entries above {@link ratioFromBytes}. */
  maxRatio: number;
  ratioFromBytes: number;
}

const mib = 1 << 20;

export const zipLimits: Readonly<ZipLimits> = {
  maxEntries: 300_000,
  maxEntryBytes: 256 * mib,
  maxTotalBytes: 1024 * mib,
  maxRatio: 200,
  ratioFromBytes: mib,
};

const signatures = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  zip64End: 0x06064b50,
  zip64Locator: 0x07064b50,
};
const sizes = { local: 30, central: 46, end: 22, zip64End: 56, zip64Locator: 20 };
const maxCommentBytes = 0xffff;
const zip64Extra = 0x0001;
const inZip64 = 0xffffffff;
const encrypted = 0x2041; // flags 0, 6 and 13: encrypted, strongly, with a masked directory
/** Least ratio of the compressed to the uncompressed size of an archive in another one. */
const archiveRatio = 0.75;
const maxNamesBytes = 4096;
/** Enough for the tables of a deflated block and its first characters. */
const maxHeadBytes = 512;
const maxInflatedBytes = 64 << 10;
const methods = { stored: 0, deflated: 8 };

/** Location of an archive's central directory. */
interface Directory {
  start: number;
  end: number;
  entries: number;
  /**
   * Bytes before the archive that its offsets do not include, such as the script of an executable
   * jar.
   */
  prefixBytes: number;
}

/** Entry of the central directory. */
interface Header {
  name: string;
  isFile: boolean;
  isEncrypted: boolean;
  method: number;
  crc: number;
  compressedSize: number;
  size: number;
  /** Offset of the local header, from the start of the buffer. */
  offset: number;
}

/**
 * Files of a ZIP archive by its central directory, without directories and encrypted entries.
 * @throws MalformedFile without such a directory, or with overlapping entries
 * @throws LimitExceeded `maxEntries`
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT section 4.3
 */
export function zipEntries(archive: Buffer, limits: Partial<ZipLimits> = {}): ZipEntry[] {
  const budget = { ...zipLimits, ...limits, bytesRead: 0 };
  const headers = readDirectory(archive, findDirectory(archive), budget.maxEntries);
  refuseOverlaps(headers);
  return headers
    .filter(({ isFile, isEncrypted }) => isFile && !isEncrypted)
    .map((header) => ({
      name: header.name,
      size: header.size,
      mayBeArchive: () => mayBeArchive(archive, header),
      read: () => {
        spend(budget, header);
        return readContent(archive, header);
      },
    }));
}

function findDirectory(archive: Buffer): Directory {
  const at = findEnd(archive);
  const end = readZip64End(archive, at) ?? {
    at,
    entries: archive.readUInt16LE(at + 10),
    size: archive.readUInt32LE(at + 12),
    offset: archive.readUInt32LE(at + 16),
  };
  const start = end.at - end.size;
  const prefixBytes = start - end.offset;
  if (start < 0 || prefixBytes < 0) throw new MalformedFile('ZIP directory that does not fit into its archive');
  return { start, end: end.at, entries: end.entries, prefixBytes };
}

/** The record is at the end of the archive, before a comment of up to 64 KiB. */
function findEnd(archive: Buffer): number {
  const first = Math.max(archive.length - sizes.end - maxCommentBytes, 0);
  for (let at = archive.length - sizes.end; at >= first; at -= 1) {
    if (archive.readUInt32LE(at) !== signatures.end) continue;
    // A comment may contain the signature too; the length field after it then does not fit.
    if (at + sizes.end + archive.readUInt16LE(at + 20) <= archive.length) return at;
  }
  throw new MalformedFile('no ZIP archive, or one cut short');
}

/** @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT sections 4.3.14 and 4.3.15 */
function readZip64End(
  archive: Buffer,
  endAt: number,
): { at: number; entries: number; size: number; offset: number } | undefined {
  const locator = endAt - sizes.zip64Locator;
  if (locator < sizes.zip64End || archive.readUInt32LE(locator) !== signatures.zip64Locator) return undefined;
  // The locator's offset does not count bytes in front of the archive; without an extensible field
  // the record is right before it.
  const at = [readUInt64(archive, locator + 8), locator - sizes.zip64End].find(
    (candidate) => candidate <= locator - sizes.zip64End && archive.readUInt32LE(candidate) === signatures.zip64End,
  );
  if (at === undefined) throw new MalformedFile('ZIP64 directory that is not where it should be');
  return {
    at,
    entries: readUInt64(archive, at + 32),
    size: readUInt64(archive, at + 40),
    offset: readUInt64(archive, at + 48),
  };
}

/** Exact up to 2^53; larger numbers exceed every buffer and fail its bounds checks. */
function readUInt64(buffer: Buffer, at: number): number {
  return buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * 2 ** 32;
}

function readDirectory(archive: Buffer, { start, end, entries, prefixBytes }: Directory, maxEntries: number): Header[] {
  if (entries > maxEntries) throw new LimitExceeded('maxEntries', `ZIP archive of more than ${maxEntries} entries`);
  const headers: Header[] = [];
  let at = start;
  // Do not rely on the count: writers without ZIP64 let the 16-bit count wrap around.
  while (at + sizes.central <= end && archive.readUInt32LE(at) === signatures.central) {
    if (headers.length === maxEntries)
      throw new LimitExceeded('maxEntries', `ZIP archive of more than ${maxEntries} entries`);
    const next = at + sizes.central + variableBytes(archive, at);
    if (next > end) break;
    headers.push(readHeader(archive, at, prefixBytes));
    at = next;
  }
  if (headers.length < entries)
    throw new MalformedFile(`ZIP directory of ${headers.length} entries says it has ${entries}`);
  return headers;
}

function variableBytes(archive: Buffer, at: number): number {
  return archive.readUInt16LE(at + 28) + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
}

function readHeader(archive: Buffer, at: number, prefixBytes: number): Header {
  const nameEnd = at + sizes.central + archive.readUInt16LE(at + 28);
  const name = archive.toString('utf8', at + sizes.central, nameEnd);
  const extra = archive.subarray(nameEnd, nameEnd + archive.readUInt16LE(at + 30));
  const [size, compressedSize, offset] = withZip64(extra, [
    archive.readUInt32LE(at + 24),
    archive.readUInt32LE(at + 20),
    archive.readUInt32LE(at + 42),
  ]);
  return {
    name,
    isFile: !name.endsWith('/'),
    isEncrypted: (archive.readUInt16LE(at + 8) & encrypted) !== 0,
    method: archive.readUInt16LE(at + 10),
    crc: archive.readUInt32LE(at + 16),
    compressedSize,
    size,
    offset: offset + prefixBytes,
  };
}

type Numbers = [size: number, compressedSize: number, offset: number];

/**
 * The extra field contains, in this order, exactly those numbers that do not fit. @see APPNOTE.TXT
 * section 4.5.3
 */
function withZip64(extra: Buffer, numbers: Numbers): Numbers {
  if (!numbers.includes(inZip64)) return numbers;
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== zip64Extra) continue;
    let field = extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
    for (const [index, number] of numbers.entries()) {
      if (number !== inZip64 || field.length < 8) continue;
      numbers[index] = readUInt64(field, 0);
      field = field.subarray(8);
    }
    break;
  }
  return numbers;
}

/**
 * Rejects overlapping entries: they let a small archive grow to petabytes.
 * @see https://www.bamsoftware.com/hacks/zipbomb/
 */
function refuseOverlaps(headers: readonly Header[]): void {
  let end = 0;
  for (const header of headers.toSorted((a, b) => a.offset - b.offset)) {
    if (header.offset < end) throw new MalformedFile('ZIP archive with overlapping entries');
    end = header.offset + sizes.local + header.compressedSize;
  }
}

function spend(budget: ZipLimits & { bytesRead: number }, { size, compressedSize }: Header): void {
  const { maxEntryBytes, maxTotalBytes, maxRatio, ratioFromBytes } = budget;
  if (size > maxEntryBytes) throw new LimitExceeded('maxEntryBytes', `ZIP entry of more than ${maxEntryBytes} bytes`);
  if (size > ratioFromBytes && size > compressedSize * maxRatio)
    throw new LimitExceeded('maxRatio', `ZIP entry that grows to more than ${maxRatio} times its size`);
  budget.bytesRead += size;
  if (budget.bytesRead > maxTotalBytes)
    throw new LimitExceeded('maxTotalBytes', `entries of a ZIP archive with more than ${maxTotalBytes} bytes`);
}

function mayBeArchive(archive: Buffer, header: Header): boolean {
  const { method, compressedSize, size } = header;
  // A large archive is compressed itself; a small one is mostly names.
  if (size < sizes.local + sizes.central + sizes.end || compressedSize < (size - maxNamesBytes) * archiveRatio)
    return false;
  try {
    const data = dataOf(archive, header).subarray(0, maxHeadBytes);
    const isDeflated = method === methods.deflated;
    const head = isDeflated
      ? inflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: maxInflatedBytes })
      : data;
    return head.length >= 4 && head.readUInt32LE() === signatures.local;
  } catch {
    return false;
  }
}

function readContent(archive: Buffer, header: Header): Buffer {
  const { method, size, crc } = header;
  const content = decode(dataOf(archive, header), method, size);
  if (content.length !== size || crc32(content) !== crc) throw new MalformedFile('ZIP entry that its checksum denies');
  return content;
}

/** Bytes of an entry as they are in the archive. */
function dataOf(archive: Buffer, { offset, compressedSize }: Header): Buffer {
  if (offset + sizes.local > archive.length || archive.readUInt32LE(offset) !== signatures.local)
    throw new MalformedFile('ZIP entry that is not where its directory says');
  // Sizes and checksum come from the directory: the local header lacks them if a data descriptor
  // follows.
  const start = offset + sizes.local + archive.readUInt16LE(offset + 26) + archive.readUInt16LE(offset + 28);
  if (start + compressedSize > archive.length) throw new MalformedFile('ZIP entry that is cut short');
  return archive.subarray(start, start + compressedSize);
}

function decode(data: Buffer, method: number, size: number): Buffer {
  if (method === methods.stored) return data;
  if (method !== methods.deflated) throw new MalformedFile(`ZIP entry of compression method ${method}`);
  try {
    // One chunk with spare room: zlib would concatenate several, and allocate another after a full
    // one.
    return inflateRawSync(data, { maxOutputLength: Math.max(size, 1), chunkSize: Math.max(size + 1, 64) });
  } catch (cause) {
    throw new MalformedFile('ZIP entry that cannot be inflated', { cause });
  }
}
