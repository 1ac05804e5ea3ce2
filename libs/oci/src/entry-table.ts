import { endOfRow, isGoneAt, markGone, type RowPage, pageOf, roomFor, RowEntry, writeRow } from './entry-row.js';
import type { LayerEntries, LayerEntry } from './layer-entry.js';
import { release } from './lent-memory.js';

/** Far more than a row needs: a name has 4,096 characters at most. */
export const pageBytes = 256 * 1024;

/**
 * Entries in some hundred bytes each, mostly digests and path: an image has up to millions, which
 * as objects would take several times that, and work for every garbage collection. Rows are in
 * pages, none across two, so that growing never copies.
 */
export class EntryTable implements LayerEntries {
  readonly #pages: RowPage[] = [];
  /** Offsets of the rows, counted as if all pages were full. */
  #rows = new Uint32Array(256);
  #length = 0;

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
    const room = roomFor(entry);
    let page = this.#pages.at(-1);
    if (!page || page.end + room > page.bytes.length) {
      if (room > pageBytes) throw new RangeError(`entry that takes ${room} bytes`);
      page = emptyPage();
      this.#pages.push(page);
    }
    const row = this.#addRow(page.end);
    writeRow(page, entry);
    return row;
  }

  /** Marks an entry as removed. All entries keep their indexes until `compact`. */
  remove(index: number): void {
    const { page, at } = this.#place(this.#rows[index]!);
    markGone(page, at);
  }

  /** Closes the gaps of removed entries, and releases the unused end of the last page. */
  compact(): void {
    const kept = this.#rows.subarray(0, this.#length).filter((row) => {
      const { page, at } = this.#place(row);
      return !isGoneAt(page, at);
    });
    this.#rows = kept;
    this.#length = kept.length;
    const last = this.#pages.pop();
    if (last) this.#pages.push(pageOf(Buffer.copyBytesFrom(last.bytes, 0, last.end), last.end));
  }

  at(index: number): LayerEntry | undefined {
    if (index >= this.#length) return undefined;
    const { page, at } = this.#place(this.#rows[index]!);
    return new RowEntry(page, at);
  }

  *[Symbol.iterator](): Generator<LayerEntry> {
    for (let index = 0; index < this.#length; index += 1) yield this.at(index)!;
  }

  /** Pages of rows as stored, including removed entries. */
  *pages(): Generator<Buffer> {
    for (const { bytes, end } of this.#pages) yield bytes.subarray(0, end);
  }

  /**
   * Like `pages`, for a table that is no longer needed: each page is released when the next one is
   * requested.
   */
  *takePages(): Generator<Buffer> {
    this.#length = 0;
    for (const { bytes, end } of this.#pages.splice(0)) {
      yield bytes.subarray(0, end);
      release(bytes);
    }
  }

  /**
   * Adds a page of another table, of at most `pageBytes`.
   * @returns false for invalid bytes
   */
  addPage(bytes: Buffer): boolean {
    const page = pageOf(bytes, bytes.length);
    this.#pages.push(page);
    for (let at = 0; at < page.end;) {
      const next = endOfRow(page, at);
      if (next === undefined) return false;
      if (!isGoneAt(page, at)) this.#addRow(at);
      at = next;
    }
    return true;
  }

  /** @param at in the last page */
  #addRow(at: number): number {
    if (this.#length === this.#rows.length) {
      const longer = new Uint32Array(this.#rows.length * 2);
      longer.set(this.#rows);
      this.#rows = longer;
    }
    this.#rows[this.#length] = (this.#pages.length - 1) * pageBytes + at;
    return this.#length++;
  }

  #place(row: number): { page: RowPage; at: number } {
    return { page: this.#pages[Math.floor(row / pageBytes)]!, at: row % pageBytes };
  }
}

/**
 * Memory that may grow is allocated by the operating system, which gets it back as soon as it is
 * released; that of a common buffer may stay with the allocator of its thread, and a scan of a
 * million files has no room for both.
 */
function emptyPage(): RowPage {
  return pageOf(Buffer.from(new ArrayBuffer(pageBytes, { maxByteLength: pageBytes })), 0);
}
