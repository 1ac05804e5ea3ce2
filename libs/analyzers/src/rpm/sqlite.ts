import { MalformedFile } from '@tidewaiter/domain';

import { orUnreadable, sliceOf, u16be, u32be } from './bytes.js';

const magic = 'SQLite format 3\0';
const headerBytes = 100;
const pageTypes = { interior: 5, leaf: 13 };
const utf8 = 1;
const writeAheadLog = 2;
const firstBlobType = 12;
const maxColumns = 64;
/** rpm has some 40 tables and indexes. */
const maxSchemaRows = 1_000;

interface Database {
  content: Buffer;
  pageBytes: number;
  /** Bytes of a page that contain data: some databases reserve its end. */
  usableBytes: number;
  /**
   * Pages that were read. Each belongs to one place, so a repeated page is damage; this also
   * prevents cycles.
   */
  seen: Set<number>;
}

/**
 * One column of a row; null also for floats and 64-bit integers, which the tables of rpm do not
 * have.
 */
type Value = Buffer | string | number | null;

/** Row with its number, which is the value of an integer primary key. */
export interface Row {
  id: number;
  values: Value[];
}

/** Whether these first bytes are those of an SQLite database. */
export function isSqlite(content: Buffer): boolean {
  return content.toString('latin1', 0, magic.length) === magic;
}

/**
 * Headers in an SQLite database (`rpmdb.sqlite`): the blobs of the table `Packages`. Rows that are
 * only in the write-ahead log are missing, because only the database file is read.
 * @see https://www.sqlite.org/fileformat2.html
 * @throws MalformedFile for any other file, or without such a table
 */
export function* sqliteBlobs(content: Buffer): Generator<Buffer | 'unreadable'> {
  const database = open(content);
  const root = findTable(database, 'Packages');
  for (const row of rowsOf(database, root)) {
    const blobs = row === 'unreadable' ? [] : row.values.filter((value) => Buffer.isBuffer(value));
    // The table has one column of them; rpm would read another one by its name.
    yield blobs.length === 1 ? blobs[0]! : 'unreadable';
  }
  const pages = u32be(content, 28);
  if (pages * database.pageBytes > content.length) yield 'unreadable';
}

/**
 * Rows of a table of any SQLite database, likewise.
 * @throws MalformedFile
 */
export function* sqliteRows(content: Buffer, table: string): Generator<Row | 'unreadable'> {
  const database = open(content);
  yield* rowsOf(database, findTable(database, table));
}

function open(content: Buffer): Database {
  sliceOf(content, 0, headerBytes);
  const pageBytes = u16be(content, 16) === 1 ? 65_536 : u16be(content, 16);
  const usableBytes = pageBytes - content[20]!;
  const encoding = u32be(content, 56);
  if (pageBytes < 512 || (pageBytes & (pageBytes - 1)) !== 0 || usableBytes < 480)
    throw new MalformedFile(`SQLite database with pages of ${pageBytes} bytes`);
  if (encoding > utf8) throw new MalformedFile('SQLite database whose text is not UTF-8');
  return { content, pageBytes, usableBytes, seen: new Set() };
}

/** Looks up a table in the schema, which is a table itself: type, name, table, first page, SQL. */
function findTable(database: Database, name: string): number {
  let rows = 0;
  for (const row of rowsOf(database, 1)) {
    const [type, own, , page] = row === 'unreadable' ? [] : row.values;
    if (type === 'table' && own === name && typeof page === 'number') return page;
    rows += 1;
    if (rows > maxSchemaRows) break;
  }
  const isLogged = database.content[18] === writeAheadLog;
  throw new MalformedFile(`no table ${name}${isLogged ? ', unless the write-ahead log has it' : ''}`);
}

/**
 * Walks the b-tree of a table. Rows that exceed the file in total must share bytes, so they end the
 * walk.
 */
function* rowsOf(database: Database, root: number): Generator<Row | 'unreadable'> {
  const waiting = [root];
  let room = database.content.length;
  for (let page = waiting.pop(); page !== undefined; page = waiting.pop()) {
    const number = page;
    const node = orUnreadable(() => readNode(database, number));
    if (node === 'unreadable') yield node;
    else if (node.children) {
      waiting.push(...node.children.toReversed());
      if (waiting.length * database.pageBytes > database.content.length)
        throw new MalformedFile('more pages than there are');
    } else {
      for (const cell of node.cells) {
        const row = orUnreadable(() => readPayload(database, cell));
        if (row !== 'unreadable') room -= row.payload.length;
        if (room < 0) throw new MalformedFile('rows that overlap');
        yield row === 'unreadable' ? row : orUnreadable(() => ({ id: row.id, values: readValues(row.payload) }));
      }
    }
  }
}

function readPage({ content, pageBytes, usableBytes, seen }: Database, page: number): Buffer {
  if (seen.has(page)) throw new MalformedFile(`page ${page} in two places`);
  seen.add(page);
  return sliceOf(content, (page - 1) * pageBytes, pageBytes).subarray(0, usableBytes);
}

type Node = { children: number[]; cells?: undefined } | { children?: undefined; cells: Buffer[] };

function readNode(database: Database, page: number): Node {
  const bytes = readPage(database, page);
  const header = page === 1 ? headerBytes : 0;
  const type = bytes[header];
  const pointers = header + (type === pageTypes.interior ? 12 : 8);
  const cells = Array.from({ length: u16be(bytes, header + 3) }, (_, cell) => u16be(bytes, pointers + 2 * cell));
  if (type === pageTypes.leaf) return { cells: cells.map((at) => bytes.subarray(at)) };
  if (type !== pageTypes.interior) throw new MalformedFile(`page ${page} is of no table`);
  return { children: [...cells.map((at) => u32be(bytes, at)), u32be(bytes, header + 8)] };
}

/**
 * Bytes of a row: a part in the page and, for a long row, the rest in a chain of overflow pages.
 */
function readPayload(database: Database, cell: Buffer): { id: number; payload: Buffer } {
  const length = readVarint(cell, 0);
  const rowId = readVarint(cell, length.end);
  if (length.value > database.content.length) throw new MalformedFile('row longer than the file');
  const local = localBytes(length.value, database.usableBytes);
  const parts = [sliceOf(cell, rowId.end, local)];
  let next = local < length.value ? u32be(cell, rowId.end + local) : 0;
  for (let missing = length.value - local; missing > 0;) {
    const bytes = readPage(database, next);
    const part = bytes.subarray(4, 4 + missing);
    parts.push(part);
    missing -= part.length;
    next = u32be(bytes, 0);
  }
  return { id: rowId.value, payload: Buffer.concat(parts, length.value) };
}

/**
 * @see https://www.sqlite.org/fileformat2.html "B-tree Pages", on how much of a row stays in a leaf
 */
function localBytes(length: number, usableBytes: number): number {
  const most = usableBytes - 35;
  if (length <= most) return length;
  const least = Math.floor(((usableBytes - 12) * 32) / 255) - 23;
  const wanted = least + ((length - least) % (usableBytes - 4));
  return wanted <= most ? wanted : least;
}

/** @see https://www.sqlite.org/fileformat2.html "Record Format" */
function readValues(payload: Buffer): Value[] {
  const header = readVarint(payload, 0);
  const row: Value[] = [];
  let at = header.value;
  for (let offset = header.end; offset < header.value && row.length < maxColumns;) {
    const type = readVarint(payload, offset);
    const bytes = sliceOf(payload, at, columnBytes(type.value));
    row.push(readColumn(type.value, bytes));
    at += bytes.length;
    offset = type.end;
  }
  return row;
}

function columnBytes(type: number): number {
  if (type >= firstBlobType) return Math.floor((type - firstBlobType) / 2);
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0][type] ?? 0;
}

function readColumn(type: number, bytes: Buffer): Value {
  if (type >= firstBlobType) return type % 2 === 0 ? bytes : bytes.toString('utf8');
  if (type >= 1 && type <= 5) return bytes.readIntBE(0, bytes.length);
  // Types of the constants 0 and 1, which take no bytes.
  if (type === 8 || type === 9) return type - 8;
  return null;
}

/**
 * Big-endian, seven bits a byte; a ninth byte would be whole, but no length that fits a file has
 * one.
 */
function readVarint(bytes: Buffer, offset: number): { value: number; end: number } {
  let value = 0;
  for (let end = offset; end < offset + 8; end += 1) {
    const byte = bytes[end];
    if (byte === undefined) break;
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, end: end + 1 };
  }
  throw new MalformedFile('number without an end');
}
