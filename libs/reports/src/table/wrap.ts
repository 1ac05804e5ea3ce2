import { widthOf } from '../width.js';

/**
 * Wraps a text into lines of `width` columns: at spaces, then in long paths behind a slash, then
 * anywhere; never inside `whole`, which is an id.
 */
export function wrap(text: string, width: number, whole: ReadonlySet<string> = new Set()): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (widthOf(joined) <= width) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    const pieces = whole.has(word.replace(/[,:]$/, '')) ? [word] : breakWord(word, width);
    lines.push(...pieces.slice(0, -1));
    line = pieces.at(-1)!;
  }
  return line === '' ? lines : [...lines, line];
}

function breakWord(word: string, width: number): string[] {
  const pieces: string[] = [];
  let rest = word;
  while (widthOf(rest) > width) {
    const room = longestStart(rest, width);
    const slash = rest.lastIndexOf('/', room - 1);
    const end = slash > 0 ? slash + 1 : room;
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return [...pieces, rest];
}

/** Number of characters that fit; at least one, so that wrapping ends. */
function longestStart(text: string, width: number): number {
  let end = 0;
  let columns = 0;
  for (const character of text) {
    columns += widthOf(character);
    if (columns > width && end > 0) return end;
    end += character.length;
  }
  return end;
}
