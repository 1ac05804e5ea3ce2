import { hasLink, kindOf, packedDigests, typeOfKind, whiteoutOfKind } from './entry-kind.js';
import type { DigestAlgorithm, EntryType, LayerEntries, LayerEntry } from './layer-entry.js';

/** Far more than a row: a name has 4,096 characters at most. */
const pageBytes = 64 * 1024;
/** What a row has before its digests: kind, mode, uid, gid, size, bytes of the path and of the link target. */
const fixedBytes = 24;
/** In place of a row that is removed. */
const removed = 2 ** 32 - 1;

/** Rows lie in pages, none across two: what grows is never copied. */
interface Page {
  bytes: Buffer;
  numbers: DataView;
}

/**
 * Entries in some hundred bytes each, most of it digests and the path: an image has up to millions, which as objects are several
 * times that, and work for every collection of garbage.
 */
export class EntryTable implements LayerEntries {
  readonly #pages: Page[] = [];
  /** Where the rows stand, counted from the start of the first page. */
  #rows = new Uint32Array(256);
  #length = 0;
  #end = 0;

  static of(entries: Iterable<LayerEntry>): EntryTable {
    const table = new EntryTable();
    for (const entry of entries) table.add(entry);
    return table;
  }

  get length(): number {
    return this.#length;
  }

  /** @returns the index of the entry */
  add(entry: LayerEntry): number {
    if (this.#length === this.#rows.length) {
      const longer = new Uint32Array(this.#rows.length * 2);
      longer.set(this.#rows);
      this.#rows = longer;
    }
    this.#rows[this.#length] = this.#write(entry);
    return this.#length++;
  }

  /** Takes an entry away. Those behind it keep their indexes until `compact`. */
  remove(index: number): void {
    this.#rows[index] = removed;
  }

  /** Closes the gaps of removed entries, and gives back what the last page has too much. Nothing may be added after that. */
  compact(): void {
    const kept = this.#rows.subarray(0, this.#length).filter((row) => row !== removed);
    this.#rows = kept;
    this.#length = kept.length;
    const last = this.#pages.pop();
    if (last) this.#pages.push(pageOf(Buffer.copyBytesFrom(last.bytes, 0, this.#end - this.#pages.length * pageBytes)));
  }

  /** The entry reads its fields when they are asked for, so that to look at one field of a million entries costs little. */
  at(index: number): LayerEntry | undefined {
    const row = index < this.#length ? this.#rows[index]! : removed;
    if (row === removed) return undefined;
    return new TableEntry(this.#pages[Math.floor(row / pageBytes)]!, row % pageBytes);
  }

  *[Symbol.iterator](): Generator<LayerEntry> {
    for (let index = 0; index < this.#length; index += 1) {
      const entry = this.at(index);
      if (entry) yield entry;
    }
  }

  #write(entry: LayerEntry): number {
    const { path, linkTarget = '' } = entry;
    // A character takes three bytes at most.
    const row = this.#reserve(fixedBytes + 68 + 3 * (path.length + linkTarget.length));
    const { bytes, numbers } = this.#pages.at(-1)!;
    const at = row % pageBytes;
    numbers.setUint16(at, kindOf(entry));
    numbers.setUint16(at + 2, entry.mode);
    numbers.setUint32(at + 4, entry.uid);
    numbers.setUint32(at + 8, entry.gid);
    numbers.setFloat64(at + 12, entry.size);
    let end = at + fixedBytes;
    for (const { algorithm } of packedDigests) {
      const digest = entry[algorithm];
      if (digest !== undefined) end += bytes.write(digest, end, 'hex');
    }
    const pathBytes = bytes.write(path, end);
    const linkBytes = linkTarget === '' ? 0 : bytes.write(linkTarget, end + pathBytes);
    numbers.setUint16(at + 20, pathBytes);
    numbers.setUint16(at + 22, linkBytes);
    this.#end += end + pathBytes + linkBytes - at;
    return row;
  }

  /** Where the next row of at most this many bytes goes. */
  #reserve(bytes: number): number {
    if (bytes > pageBytes) throw new RangeError(`entry of ${bytes} bytes`);
    const end = this.#pages.length * pageBytes;
    if (this.#end + bytes > end) {
      this.#end = end;
      this.#pages.push(pageOf(Buffer.allocUnsafeSlow(pageBytes)));
    }
    return this.#end;
  }
}

function pageOf(bytes: Buffer): Page {
  return { bytes, numbers: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

/** One row of a table. */
class TableEntry implements LayerEntry {
  readonly #page: Page;
  readonly #at: number;

  constructor(page: Page, at: number) {
    this.#page = page;
    this.#at = at;
  }

  get path(): string {
    const start = this.#pathAt;
    return this.#page.bytes.toString('utf8', start, start + this.#page.numbers.getUint16(this.#at + 20));
  }

  get type(): EntryType {
    return typeOfKind(this.#kind);
  }

  get mode(): number {
    return this.#page.numbers.getUint16(this.#at + 2);
  }

  get uid(): number {
    return this.#page.numbers.getUint32(this.#at + 4);
  }

  get gid(): number {
    return this.#page.numbers.getUint32(this.#at + 8);
  }

  get size(): number {
    return this.#page.numbers.getFloat64(this.#at + 12);
  }

  get sha256(): string | undefined {
    return this.#digest('sha256');
  }

  get md5(): string | undefined {
    return this.#digest('md5');
  }

  get sha1(): string | undefined {
    return this.#digest('sha1');
  }

  get linkTarget(): string | undefined {
    if ((this.#kind & hasLink) === 0) return undefined;
    const { bytes, numbers } = this.#page;
    const start = this.#pathAt + numbers.getUint16(this.#at + 20);
    return bytes.toString('utf8', start, start + numbers.getUint16(this.#at + 22));
  }

  get whiteout(): LayerEntry['whiteout'] {
    return whiteoutOfKind(this.#kind);
  }

  /** As an object of its own, which can be printed and compared. */
  toJSON(): LayerEntry {
    const { path, type, mode, uid, gid, size, sha256, md5, sha1, linkTarget, whiteout } = this;
    return { path, type, mode, uid, gid, size, sha256, md5, sha1, linkTarget, whiteout };
  }

  get #kind(): number {
    return this.#page.numbers.getUint16(this.#at);
  }

  /** The path stands behind the digests. */
  get #pathAt(): number {
    const kind = this.#kind;
    let at = this.#at + fixedBytes;
    for (const { bit, bytes } of packedDigests) if ((kind & bit) !== 0) at += bytes;
    return at;
  }

  #digest(wanted: DigestAlgorithm): string | undefined {
    const kind = this.#kind;
    let at = this.#at + fixedBytes;
    for (const { algorithm, bit, bytes } of packedDigests) {
      const isThere = (kind & bit) !== 0;
      if (algorithm === wanted) return isThere ? this.#page.bytes.toString('hex', at, at + bytes) : undefined;
      if (isThere) at += bytes;
    }
    return undefined;
  }
}
