/** One document of a file, not yet parsed. */
export interface DocumentText {
  text: string;
  /** Line of its start in the file, from 1. */
  line: number;
}

export interface FileLimits {
  maxFileLength: number;
  maxDocuments: number;
  /** Returns the error for a file over a limit. */
  overLimit(limit: 'maxFileLength' | 'maxDocuments', line: number): Error;
}

/**
 * Splits a file at its document markers, so that a broken document does not affect the others.
 * Empty documents are left out.
 * @throws the error of `overLimit`
 */
export function splitDocuments(file: string, { maxFileLength, maxDocuments, overLimit }: FileLimits): DocumentText[] {
  if (file.length > maxFileLength) throw overLimit('maxFileLength', 1);
  const documents: DocumentText[] = [];
  const text = file.replace(/^\uFEFF/, '');
  const close = (start: number, end: number, line: number) => {
    const part = text.slice(start, end);
    if (!isEmpty(part)) documents.push({ text: part, line });
    if (documents.length > maxDocuments) throw overLimit('maxDocuments', line);
  };
  let start = 0;
  let line = 1;
  for (const { index, 0: marker } of text.matchAll(/^(?:---|\.\.\.)(?=[ \t\r\n]|$)/gm)) {
    close(start, index, line);
    // `--- value` belongs to the next document; `...` belongs to none.
    const next = marker === '...' ? endOfMarker(text, index) : index;
    line += linesIn(text, start, next);
    start = next;
  }
  close(start, text.length, line);
  return documents;
}

/**
 * Place behind the line of an end marker; behind the marker itself where the line goes on, which
 * the parser reports.
 */
function endOfMarker(text: string, index: number): number {
  const newline = text.indexOf('\n', index);
  const next = newline === -1 ? text.length : newline + 1;
  return /^\.\.\.\s*(?:#|$)/.test(text.slice(index, next)) ? next : index + '...'.length;
}

function isEmpty(part: string): boolean {
  return part
    .replace(/^---/, '')
    .split('\n')
    .every((line) => /^\s*(?:#|%|$)/.test(line));
}

function linesIn(text: string, start: number, end: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', start); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
