/** Rows of the first page of an export, whose size is not known yet. */
const firstPage = 100;
/** Many rows cost few round trips. */
const maxPage = 2_000;
/**
 * Text of a page. Rows of one list may be a hundred times as large as those of another, and what is
 * read ahead for many clients must fit into the memory.
 */
const pageCharacters = 128 * 1024;

/** Rows of the next page of an export, by the rows and characters of the one before. */
export function rowsOfPage(rows: number, characters: number): number {
  if (rows === 0) return firstPage;
  return Math.max(1, Math.min(maxPage, Math.floor((rows * pageCharacters) / characters)));
}
