import { RE2JS } from 're2js';

/** No user writes a longer pattern. */
const maxPatternLength = 1_000;

/**
 * Pattern for paths, repositories and tags: `*` and `?` stay within one part, two stars match
 * across parts, and nothing before a slash. Matching takes linear time for any pattern; undefined
 * for one that is too long.
 */
export function globMatcher(pattern: string): ((text: string) => boolean) | undefined {
  if (pattern.length > maxPatternLength) return undefined;
  // A file may have thousands, of which most are never used.
  let expression: RE2JS | undefined;
  return (text) => (expression ??= compile(pattern)).testExact(text);
}

function compile(pattern: string): RE2JS {
  return RE2JS.compile(pattern.replaceAll(/\*\*\/|\*\*|\*|\?|[^*?]+/g, translate), RE2JS.DOTALL);
}

function translate(token: string): string {
  if (token === '**/') return '(?:.*/)?';
  if (token === '**') return '.*';
  if (token === '*') return '[^/]*';
  return token === '?' ? '[^/]' : RE2JS.quote(token);
}
