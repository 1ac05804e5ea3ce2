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
  const expression = RE2JS.compile(pattern.replaceAll(/\*\*\/|\*\*|\*|\?|[^*?]+/g, translate), RE2JS.DOTALL);
  return (text) => expression.testExact(text);
}

function translate(token: string): string {
  if (token === '**/') return '(?:.*/)?';
  if (token === '**') return '.*';
  if (token === '*') return '[^/]*';
  return token === '?' ? '[^/]' : RE2JS.quote(token);
}
