import { anyOne, anyRun } from '../sigma-string.js';
import type { SigmaString } from '../sigma-string.js';
import { codePoints, longestSegment, ShiftAnd } from './shift-and.js';

/** Segment between two `*`: texts, and {@link anyOne} for one code point each. */
type Segment = readonly (string | typeof anyOne)[];

/**
 * Compiles a string with wildcards. Segments are found from left to right, each at its first match:
 * no regular expression and no backtracking, so that no text makes it slow.
 */
export function globMatcher(pattern: SigmaString): (text: string) => boolean {
  const [first = [], ...others] = split(pattern);
  const last = others.pop();
  if (last === undefined) return (text) => fitsAt(text, 0, first) === text.length;
  const inner = others.filter((segment) => segment.length > 0).map(finder);
  return (text) => {
    let at = fitsAt(text, 0, first);
    for (const find of inner) {
      if (at === -1) return false;
      at = find(text, at);
    }
    return at !== -1 && endsWith(text, at, last);
  };
}

function split(pattern: SigmaString): Segment[] {
  const segments: (string | typeof anyOne)[][] = [[]];
  for (const part of pattern) {
    if (part === anyRun) segments.push([]);
    else segments.at(-1)?.push(part);
  }
  return segments;
}

/** Returns a function that finds the end of a segment's first match from a place on; or -1. */
function finder(segment: Segment): (text: string, from: number) => number {
  if (codePoints(segment).length <= longestSegment) {
    const search = new ShiftAnd(segment);
    return (text, from) => search.find(text, from);
  }
  const literal = segment.map(String).join('');
  return (text, from) => {
    const found = text.indexOf(literal, from);
    return found === -1 ? -1 : found + literal.length;
  };
}

/**
 * Number of code points in the longest inner segment with single wildcards: the cost of a search
 * grows with it.
 */
export function longestSearch(pattern: SigmaString): number {
  const searched = split(pattern)
    .slice(1, -1)
    .filter((segment) => segment.includes(anyOne));
  return Math.max(0, ...searched.map((segment) => codePoints(segment).length));
}

/** Number of segments to search for. */
export function searchCount(pattern: SigmaString): number {
  return pattern.filter((part) => part === anyRun).length;
}

/** Returns the end of a segment that begins at a place, or -1. */
function fitsAt(text: string, start: number, segment: Segment): number {
  let at = start;
  for (const part of segment) {
    if (part !== anyOne) {
      if (!text.startsWith(part, at)) return -1;
      at += part.length;
    } else {
      if (at >= text.length) return -1;
      at += isPair(text, at) ? 2 : 1;
    }
  }
  return at;
}

/** Whether the segment matches at the end of the text, and begins no earlier than `from`. */
function endsWith(text: string, from: number, segment: Segment): boolean {
  let at = text.length;
  for (const part of segment.toReversed()) {
    if (part !== anyOne) {
      if (!text.endsWith(part, at)) return false;
      at -= part.length;
    } else {
      at -= isPair(text, at - 2) ? 2 : 1;
    }
    if (at < from) return false;
  }
  return true;
}

/** Whether two units are a surrogate pair. */
function isPair(text: string, at: number): boolean {
  return (text.codePointAt(at) ?? 0) > 0xffff;
}
