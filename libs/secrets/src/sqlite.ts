const leafOfTable = 0x0d;
const newline = Buffer.from('\n');

/** Whether a file is a database of SQLite, by its first bytes. */
export const isSqlite = (head: Buffer): boolean => head.toString('latin1', 0, 16) === 'SQLite format 3\0';

/**
 * Texts in the rows of a database, each on a line of its own: in the file, nothing separates the
 * columns of a row. Rows that continue on other pages are read as far as their first one.
 * @see https://www.sqlite.org/fileformat2.html#b_tree_pages
 */
export function textsOfSqlite(content: Buffer): Buffer {
  const written = content.length < 100 ? 0 : content.readUInt16BE(16);
  const pageBytes = written === 1 ? 65_536 : written;
  const texts: Buffer[] = [];
  if (pageBytes < 512) return Buffer.alloc(0);
  for (let page = 0; page + pageBytes <= content.length; page += pageBytes)
    collectTexts(content.subarray(page, page + pageBytes), page === 0 ? 100 : 0, texts);
  return Buffer.concat(texts);
}

function collectTexts(page: Buffer, headerAt: number, texts: Buffer[]): void {
  if (page[headerAt] !== leafOfTable) return;
  const cells = page.readUInt16BE(headerAt + 3);
  // A forged page may name the same row a thousand times.
  let bytesLeft = page.length;
  for (let cell = 0; cell < cells && bytesLeft > 0; cell += 1) {
    const pointer = headerAt + 8 + 2 * cell;
    if (pointer + 2 > page.length) return;
    for (const text of textsOfRow(page, page.readUInt16BE(pointer))) {
      texts.push(text, newline);
      bytesLeft -= text.length + 1;
    }
  }
}

function* textsOfRow(page: Buffer, at: number): Generator<Buffer> {
  const reader = new VarintReader(page, at);
  // The length of the row, and its number.
  reader.next();
  reader.next();
  const headerStart = reader.at;
  const headerEnd = headerStart + reader.next();
  let valueAt = headerEnd;
  while (reader.at < headerEnd && valueAt < page.length) {
    const type = reader.next();
    const bytes = sizeOf(type);
    if (type >= 13 && type % 2 === 1) yield page.subarray(valueAt, valueAt + bytes);
    valueAt += bytes;
  }
}

/** @see https://www.sqlite.org/fileformat2.html#record_format "Serial Type Codes" */
function sizeOf(type: number): number {
  if (type >= 12) return Math.floor((type - 12) / 2);
  return [0, 1, 2, 3, 4, 6, 8, 8][type] ?? 0;
}

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
