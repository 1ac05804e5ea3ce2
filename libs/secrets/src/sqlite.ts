/**
 * Types of pages. Rows are in the leaves of tables, and in all pages of indexes, such as tables
 * without a row id.
 */
const types = { tableLeaf: 0x0d, indexLeaf: 0x0a, table: 0x05, index: 0x02 };
const magic = Buffer.from('SQLite format 3\0');
const utf16 = 2;
const maxColumns = 200;
/** A longer text is none that only its name makes a secret. */
const longestNamed = 200;

/** Whether a file is a database of SQLite, by its first bytes. */
export const isSqlite = (head: Uint8Array): boolean => magic.equals(head.subarray(0, magic.length));

/**
 * Texts in the rows of a database, page by page, each on a line of its own, as `column="text"`
 * where the text is short: in the file, nothing separates the columns of a row. In tables of
 * settings, the name is that in the row. What was deleted follows, unless it is overwritten.
 * @see https://www.sqlite.org/fileformat2.html#b_tree_pages
 */
export function* rowsOfSqlite(content: Buffer): Generator<Buffer> {
  const database = openDatabase(content);
  if (database === undefined) return;
  const columns = columnsByPage(database);
  for (let page = 1; page <= database.pages; page += 1) {
    for (const row of rowsOf(database, page)) yield textOf(linesOf(row, columns.get(page) ?? []));
    yield textOf(unusedTexts(database, page));
  }
}

const textOf = (lines: readonly string[]): Buffer => Buffer.from(lines.map((line) => `${line}\n`).join(''));

interface Database {
  content: Buffer;
  pageBytes: number;
  /** Without the bytes at its end that extensions reserve. */
  usableBytes: number;
  pages: number;
  encoding: BufferEncoding;
  /** Bytes of rows that are still read: a forged page may name the same row a thousand times. */
  bytesLeft: number;
}

function openDatabase(content: Buffer): Database | undefined {
  if (content.length < 100) return undefined;
  const written = content.readUInt16BE(16);
  const pageBytes = written === 1 ? 65_536 : written;
  if (pageBytes < 512) return undefined;
  const usableBytes = pageBytes - content[20]!;
  return {
    ...{ content, pageBytes, usableBytes, pages: Math.floor(content.length / pageBytes) },
    encoding: content.readUInt32BE(56) === utf16 ? 'utf16le' : 'utf8',
    bytesLeft: content.length,
  };
}

function pageOf({ content, pageBytes }: Database, page: number): Buffer {
  return content.subarray((page - 1) * pageBytes, page * pageBytes);
}

/** The first page begins with the header of the file. */
const headerOf = (page: number): number => (page === 1 ? 100 : 0);

/** Offsets of the cells of a page. */
function cellsOf(bytes: Buffer, headerAt: number, headerBytes: number): number[] {
  const count = Math.min(bytes.readUInt16BE(headerAt + 3), Math.floor((bytes.length - headerAt - headerBytes) / 2));
  return Array.from({ length: count }, (_, cell) => bytes.readUInt16BE(headerAt + headerBytes + 2 * cell));
}

type Value = string | number | undefined;

/** Whether rows are in pages of this type, and may have been deleted there. */
const hasRows = (type: number | undefined): boolean =>
  type === types.tableLeaf || type === types.indexLeaf || type === types.index;

function* rowsOf(database: Database, page: number): Generator<Value[]> {
  const bytes = pageOf(database, page);
  const headerAt = headerOf(page);
  const type = bytes[headerAt];
  if (!hasRows(type)) return;
  const [headerBytes, childBytes] = type === types.index ? [12, 4] : [8, 0];
  for (const at of cellsOf(bytes, headerAt, headerBytes)) {
    if (database.bytesLeft <= 0) return;
    yield valuesOf(payloadAt(database, bytes, at + childBytes, type === types.tableLeaf), database.encoding);
  }
}

/**
 * Bytes of a row, with those on overflow pages. @see
 * https://www.sqlite.org/fileformat2.html#cell_payload_overflow_pages
 */
function payloadAt(database: Database, bytes: Buffer, at: number, hasRowId: boolean): Buffer {
  const reader = new VarintReader(bytes, at);
  const length = Math.min(reader.next(), database.bytesLeft);
  if (hasRowId) reader.next();
  const { usableBytes: usable } = database;
  const most = hasRowId ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const rest = least + ((length - least) % (usable - 4));
  const local = length <= most ? length : rest <= most ? rest : least;
  database.bytesLeft -= Math.max(length, 1);
  const parts = [bytes.subarray(reader.at, reader.at + local)];
  let next = length > local && reader.at + local + 4 <= bytes.length ? bytes.readUInt32BE(reader.at + local) : 0;
  for (let left = length - local; left > 0 && next > 0 && next <= database.pages; left -= usable - 4) {
    const page = pageOf(database, next);
    parts.push(page.subarray(4, 4 + Math.min(left, usable - 4)));
    next = page.readUInt32BE(0);
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

function valuesOf(payload: Buffer, encoding: BufferEncoding): Value[] {
  const reader = new VarintReader(payload, 0);
  const headerEnd = reader.next();
  const values: Value[] = [];
  let at = headerEnd;
  while (reader.at < headerEnd && at < payload.length && values.length < maxColumns) {
    const type = reader.next();
    const bytes = sizeOf(type);
    const value = payload.subarray(at, at + bytes);
    if (type >= 13 && type % 2 === 1) values.push(value.toString(encoding));
    else if (type >= 12) values.push(printable(value).join('\n'));
    else values.push(type >= 1 && type <= 4 && value.length === bytes ? value.readUIntBE(0, bytes) : undefined);
    at += bytes;
  }
  return values;
}

/** @see https://www.sqlite.org/fileformat2.html#record_format "Serial Type Codes" */
function sizeOf(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2);
  return [0, 1, 2, 3, 4, 6, 8, 8][type] ?? 0;
}

/** Columns whose row names a setting, and that have its value. */
const nameColumn = /^(?:key|name|setting|option|variable|param(?:eter)?|property)(?:_?name)?$|_(?:key|name)$/i;
const valueColumn = /^(?:value|val|content|data)$|_value$/i;
const settingName = /^[\w.-]{2,64}$/;
/** Digests of passwords, which no service accepts for one. */
const digest = /^(?:\$|\{|pbkdf2|bcrypt|scrypt|argon2|sha\d|(?:[0-9a-f]{2}){16,}$)/i;

function linesOf(values: readonly Value[], columns: readonly string[]): string[] {
  const nameAt = columns.findIndex((column) => nameColumn.test(column));
  const setting = values[nameAt];
  return values.flatMap((value, index) => {
    if (typeof value !== 'string' || value === '') return [];
    const column = columns[index] ?? '';
    const name =
      typeof setting === 'string' && settingName.test(setting) && valueColumn.test(column) ? setting : column;
    const isNamed = name !== '' && value.length <= longestNamed && !/["\n]/.test(value) && !digest.test(value);
    return [isNamed ? `${name}="${value}"` : value];
  });
}

/** Strings between the rows of a page: those of deleted rows. */
function unusedTexts(database: Database, page: number): string[] {
  const bytes = pageOf(database, page);
  const headerAt = headerOf(page);
  const type = bytes[headerAt];
  if (!hasRows(type)) return [];
  const start = headerAt + (type === types.index ? 12 : 8) + 2 * bytes.readUInt16BE(headerAt + 3);
  const end = bytes.readUInt16BE(headerAt + 5);
  const unused = [bytes.subarray(start, Math.max(start, end))];
  // Blocks of free bytes in ascending order: the offset of the next one, and the length.
  for (let at = bytes.readUInt16BE(headerAt + 1), last = 0; at > last && at + 4 <= bytes.length;) {
    unused.push(bytes.subarray(at + 4, at + bytes.readUInt16BE(at + 2)));
    last = at;
    at = bytes.readUInt16BE(at);
  }
  return unused.flatMap(printable);
}

function printable(bytes: Buffer): string[] {
  return bytes.toString('latin1').match(/[\t\n\r\x20-\x7e]{20,}/g) ?? [];
}

/** Names of the columns in the rows of tables, by the numbers of their pages. */
function columnsByPage(database: Database): Map<number, string[]> {
  const columns = new Map<number, string[]>();
  const seen = new Set<number>();
  const schema = { ...database };
  for (const page of pagesOf(schema, 1, seen)) {
    for (const [type, , , root, sql] of rowsOf(schema, page)) {
      if (type !== 'table' || typeof root !== 'number' || typeof sql !== 'string') continue;
      const [first, ...others] = pagesOf(database, root, seen);
      if (first === undefined) continue;
      const names = storedColumns(sql, pageOf(database, first)[0] === types.tableLeaf);
      for (const each of [first, ...others]) columns.set(each, names);
    }
  }
  return columns;
}

/** Pages with rows of the table at a page, without pages of other tables: those that are `seen`. */
function pagesOf(database: Database, root: number, seen: Set<number>): number[] {
  const waiting = [root];
  const pages: number[] = [];
  for (let page = waiting.pop(); page !== undefined; page = waiting.pop()) {
    if (page < 1 || page > database.pages || seen.has(page)) continue;
    seen.add(page);
    const bytes = pageOf(database, page);
    const headerAt = headerOf(page);
    const type = bytes[headerAt];
    if (hasRows(type)) pages.push(page);
    if (type !== types.table && type !== types.index) continue;
    waiting.push(bytes.readUInt32BE(headerAt + 8));
    for (const at of cellsOf(bytes, headerAt, 12)) if (at + 4 <= bytes.length) waiting.push(bytes.readUInt32BE(at));
  }
  return pages;
}

/** Comments, which SQLite keeps, quoted names and texts, words, and other signs. */
const sqlToken =
  /--.{0,999}|\/\*[^]{0,999}?\*\/|"[^"]{0,200}"|'[^']{0,200}'|`[^`]{0,200}`|\[[^\]]{0,200}\]|[\w$\u0080-\uffff]+|\S/g;
const maxSqlCharacters = 64 << 10;
const tableConstraint = /^(?:constraint|primary|unique|check|foreign)$/i;

/**
 * Names in `CREATE TABLE users (id INTEGER, "name" VARCHAR(20), …)` in the order of a row's values.
 * A virtual column has none, and without row ids the primary key comes first. @see
 * https://www.sqlite.org/fileformat2.html#representation_of_sql_tables
 */
function storedColumns(sql: string, hasRowIds: boolean): string[] {
  const definitions = definitionsIn(sql);
  const columns = definitions.filter(([first = '']) => !tableConstraint.test(first));
  const stored = columns.filter((tokens) => !isVirtual(tokens)).map(([first = '']) => nameOf(first));
  if (hasRowIds) return stored;
  const key = definitions.flatMap((tokens) => keyOf(tokens, columns.includes(tokens)));
  const keyPlaces = key.map((name) => stored.findIndex((each) => each.toLowerCase() === name.toLowerCase()));
  return [...new Set([...keyPlaces, ...stored.keys()])].map((place) => stored[place] ?? '');
}

/** Tokens of each column and each constraint of a table. */
function definitionsIn(sql: string): string[][] {
  const definitions: string[][] = [];
  let depth = 0;
  for (const [token] of sql.slice(0, maxSqlCharacters).matchAll(sqlToken)) {
    if (/^(?:--|\/\*)/.test(token)) continue;
    if (token === ')') depth -= 1;
    if (depth === 1 && token === ',') definitions.push([]);
    else if (depth > 0) definitions.at(-1)!.push(token);
    else if (token === '(') definitions.push([]);
    else if (token === ')' || definitions.length > maxColumns) break;
    if (token === '(') depth += 1;
  }
  return definitions;
}

const isVirtual = (tokens: readonly string[]): boolean =>
  tokens.some((token, at) => /^as$/i.test(token) && tokens[at + 1] === '(') &&
  !tokens.some((token) => /^stored$/i.test(token));

/** Columns of the primary key that a column's definition or a constraint declares. */
function keyOf(tokens: readonly string[], isColumn: boolean): string[] {
  const at = tokens.findIndex((token, index) => /^primary$/i.test(token) && /^key$/i.test(tokens[index + 1] ?? ''));
  if (at === -1) return [];
  if (isColumn) return [nameOf(tokens[0]!)];
  const key = tokens.slice(at + 2, tokens.indexOf(')', at));
  return key.filter((_, index) => /^[(,]$/.test(key[index - 1] ?? '')).map(nameOf);
}

/** A name as one word, for the line that has it before its value. */
const nameOf = (token: string): string =>
  token
    .replace(/^["'`[]|["'`\]]$/g, '')
    .replace(/[^\w.-]/g, '_')
    .slice(0, 64);

class VarintReader {
  constructor(
    private readonly bytes: Buffer,
    public at: number,
  ) {}

  /** Larger numbers than a length can be are not exact. */
  next(): number {
    let value = 0;
    for (let byte = 0; byte < 9; byte += 1) {
      const read = this.bytes[this.at++] ?? 0;
      value = value * 128 + (read & 0x7f);
      if (read < 0x80) break;
    }
    return value;
  }
}
