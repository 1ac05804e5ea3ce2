import { MalformedFile } from '@tidewaiter/domain';

import { sliceOf } from './bytes.js';

const hashMagic = 0x061561;
const pageHeaderBytes = 26;
const pageTypes = { unsortedHash: 2, overflow: 7, hash: 13 };
const itemTypes = { inline: 1, offPage: 3 };
const minPageBytes = 512;
const maxPageBytes = 65_536;

/** Numbers are in the byte order of the machine that made the file. */
interface Database {
  content: Buffer;
  pageBytes: number;
  u16: (offset: number) => number;
  u32: (offset: number) => number;
  /**
   * Overflow pages that were read: each is in one chain, so a repeated page is damage, and no chain
   * is cyclic.
   */
  seen: Set<number>;
}

/** Whether these first bytes are those of a Berkeley DB hash, of either byte order. */
export function isBerkeleyHash(content: Buffer): boolean {
  return content.length >= 16 && (content.readUInt32LE(12) === hashMagic || content.readUInt32BE(12) === hashMagic);
}

/**
 * Headers in a Berkeley DB hash (`Packages`), which rpm used up to RHEL 8: pages of keys and values
 * in turn, values mostly in chains of overflow pages.
 * @see https://github.com/berkeleydb/libdb/blob/master/src/dbinc/db_page.h
 * @throws MalformedFile for any other file
 */
export function* berkeleyBlobs(content: Buffer): Generator<Buffer | 'unreadable'> {
  const database = open(content);
  const { pageBytes, u32 } = database;
  const pages = Math.floor(content.length / pageBytes);
  let pairs = 0;
  for (let page = 1; page < pages; page += 1) {
    const type = content[page * pageBytes + 25];
    if (type !== pageTypes.hash && type !== pageTypes.unsortedHash) continue;
    for (const value of valuesOf(database, page * pageBytes)) {
      pairs += 1;
      if (value !== 'counter') yield value;
    }
  }
  // Without transactions, as rpm uses it, the number of pairs is exact: fewer mean lost pages.
  if (pairs < u32(88) || pages <= u32(32)) yield 'unreadable';
}

function open(content: Buffer): Database {
  if (content.length < minPageBytes) throw new MalformedFile('Berkeley DB shorter than its first page');
  const isLittle = content.readUInt32LE(12) === hashMagic;
  const u32 = (offset: number) => (isLittle ? content.readUInt32LE(offset) : content.readUInt32BE(offset));
  const u16 = (offset: number) => (isLittle ? content.readUInt16LE(offset) : content.readUInt16BE(offset));
  const pageBytes = u32(20);
  const isPowerOfTwo = (pageBytes & (pageBytes - 1)) === 0;
  if (pageBytes < minPageBytes || pageBytes > maxPageBytes || !isPowerOfTwo)
    throw new MalformedFile(`Berkeley DB with pages of ${pageBytes} bytes`);
  if (content[24] !== 0) throw new MalformedFile('encrypted Berkeley DB');
  return { content, pageBytes, u16, u32, seen: new Set() };
}

/** Items lie from the page's end downwards, so each ends where the one before it starts. */
function* valuesOf(database: Database, start: number): Generator<Buffer | 'counter' | 'unreadable'> {
  const { pageBytes, u16 } = database;
  const items = u16(start + 20);
  if (pageHeaderBytes + 2 * items > pageBytes) return yield 'unreadable';
  const offsetOf = (item: number) => (item < 0 ? pageBytes : u16(start + pageHeaderBytes + 2 * item));
  for (let item = 1; item < items; item += 2) yield readItem(database, start, offsetOf(item), offsetOf(item - 1));
}

function readItem(database: Database, page: number, from: number, to: number): Buffer | 'counter' | 'unreadable' {
  const { content, pageBytes, u32 } = database;
  if (from < pageHeaderBytes || from >= to || to > pageBytes) return 'unreadable';
  const type = content[page + from];
  if (type === itemTypes.offPage && to - from >= 12)
    return readChain(database, u32(page + from + 4), u32(page + from + 8));
  if (type !== itemTypes.inline) return 'unreadable';
  // The value of key 0 is no header but the number of the next package.
  return to - from <= 5 ? 'counter' : sliceOf(content, page + from + 1, to - from - 1);
}

function readChain(database: Database, first: number, length: number): Buffer | 'unreadable' {
  if (length > database.content.length) return 'unreadable';
  const parts: Buffer[] = [];
  let missing = length;
  for (let page = first; missing > 0; page = database.u32(page * database.pageBytes + 16)) {
    const part = readOverflow(database, page);
    if (!part || part.length > missing) return 'unreadable';
    parts.push(part);
    missing -= part.length;
  }
  return Buffer.concat(parts, length);
}

function readOverflow({ content, pageBytes, u16, seen }: Database, page: number): Buffer | undefined {
  const start = page * pageBytes;
  if (seen.has(page) || start + pageBytes > content.length || content[start + 25] !== pageTypes.overflow)
    return undefined;
  seen.add(page);
  const used = u16(start + 22);
  return used > pageBytes - pageHeaderBytes ? undefined : sliceOf(content, start + pageHeaderBytes, used);
}
