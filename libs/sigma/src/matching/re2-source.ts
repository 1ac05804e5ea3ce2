import { RE2JS } from 're2js';

export interface Regex {
  source: string;
  /** Some of `ims`. */
  flags: string;
}

/** As RE2 reads it. */
export function withFlags({ source, flags }: Regex): string {
  const set = flags === '' ? '' : `(?${flags})`;
  return `${set}${withRe2Codes(source)}`;
}

/** An expression that stands for the text and nothing else. */
export function quoted(text: string): string {
  return RE2JS.quote(text);
}

/** The one spelling of a character that people use and RE2 does not know. What else it does not know is refused, not guessed at. */
function withRe2Codes(source: string): string {
  return source.replaceAll(/\\(?:u([0-9A-Fa-f]{4})|[^])/g, (escape, code?: string) => (code ? `\\x{${code}}` : escape));
}
