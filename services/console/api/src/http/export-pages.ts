/** Rows of the first page of an export, whose size is not known yet. */
const firstPage = 100;
/** Many rows cost few round trips. */
const maxPage = 2_000;
/**
 * Size of a page. Rows of one list may be a hundred times as large as those of another, and what is
 * read ahead for many clients must fit into the memory.
 */
const pageBytes = 128 * 1024;

/** Rows of the next page of an export, by the rows and bytes of the one before. */
export function rowsOfPage(rows: number, bytes: number): number {
  if (rows === 0) return firstPage;
  return Math.max(1, Math.min(maxPage, Math.floor((rows * pageBytes) / bytes)));
}

/** Most bytes of a UTF-16 unit in UTF-8. */
const maxUnitBytes = 3;

/**
 * Bytes of the pages of a file, one after the other. Each row becomes bytes at once, so that its
 * text is garbage while it is young: the collector would move text that waits for the client.
 */
export class PageBytes {
  #length = 0;
  #bytes = Buffer.allocUnsafe(2 * pageBytes);

  add(text: string): void {
    const needed = this.#length + text.length * maxUnitBytes;
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** Returns the page, and begins the next one. */
  take(): Uint8Array {
    const page = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return page;
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
