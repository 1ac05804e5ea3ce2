import { anyOne, anyRun } from '../sigma-string.js';
import type { SigmaString } from '../sigma-string.js';

/** What stands between two `*`: texts, and {@link anyOne} for one code point each. */
type Segment = readonly (string | typeof anyOne)[];

/**
 * Whether a text is what a string with wildcards stands for. Segments are found from left to right, each at the first place where
 * it fits: no expression, no way back, so that no text makes it slow.
 */
export function globMatcher(pattern: SigmaString): (text: string) => boolean {
  const segments = split(pattern);
  const first = segments.shift() ?? [];
  const last = segments.pop();
  if (last === undefined) return (text) => fitsAt(text, 0, first) === text.length;
  return (text) => {
    let at = fitsAt(text, 0, first);
    for (const segment of segments) {
      if (at === -1) return false;
      at = find(text, at, segment);
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

/** Where the segment ends when it begins at a place, or -1. */
function fitsAt(text: string, start: number, segment: Segment): number {
  let at = start;
  for (const part of segment) {
    if (part !== anyOne) {
      if (!text.startsWith(part, at)) return -1;
      at += part.length;
    } else {
      if (at >= text.length) return -1;
      at += widthAt(text, at);
    }
  }
  return at;
}

/** Where the first place that the segment fits at ends, or -1. */
function find(text: string, start: number, segment: Segment): number {
  const [only, more] = segment;
  if (only === undefined) return start;
  if (more === undefined && only !== anyOne) {
    const found = text.indexOf(only, start);
    return found === -1 ? -1 : found + only.length;
  }
  for (let at = start; at < text.length; at += widthAt(text, at)) {
    const end = fitsAt(text, at, segment);
    if (end !== -1) return end;
  }
  return -1;
}

function endsWith(text: string, from: number, segment: Segment): boolean {
  let at = text.length;
  for (const part of segment.toReversed()) {
    if (part !== anyOne) {
      if (!text.endsWith(part, at)) return false;
      at -= part.length;
    } else {
      at -= widthBefore(text, at);
    }
    if (at < from) return false;
  }
  return true;
}

function widthAt(text: string, at: number): number {
  return isPair(text, at) ? 2 : 1;
}

function widthBefore(text: string, at: number): number {
  return isPair(text, at - 2) ? 2 : 1;
}

/** Whether two units are one code point. */
function isPair(text: string, at: number): boolean {
  return (text.codePointAt(at) ?? 0) > 0xffff;
}
