import { RE2JS } from 're2js';

export interface Regex {
  source: string;
  /** Some of `ims`. */
  flags: string;
}

/** Converts an expression with flags to RE2 syntax. */
export function withFlags({ source, flags }: Regex): string {
  const set = flags === '' ? '' : `(?${flags})`;
  return `${set}${withRe2Codes(source)}`;
}

/** Returns an expression that matches exactly the text. */
export function quoted(text: string): string {
  return RE2JS.quote(text);
}

/**
 * Converts `\u` escapes, the only common notation that RE2 lacks. Anything else that RE2 lacks is
 * refused.
 */
function withRe2Codes(source: string): string {
  return source.replaceAll(/\\(?:u([0-9A-Fa-f]{4})|[^])/g, (escape, code?: string) => (code ? `\\x{${code}}` : escape));
}
