/** Wildcard for any number of characters, including none. */
export const anyRun = Symbol('*');
/** Wildcard for one code point. */
export const anyOne = Symbol('?');

export type Part = string | typeof anyRun | typeof anyOne;

/** Text with wildcards, in canonical form: two texts are never adjacent, and none is empty. */
export type SigmaString = readonly Part[];

/**
 * Parses a value of a rule. `\*`, `\?` and `\\` are the characters themselves; a backslash before
 * anything else is a backslash.
 * @see Sigma rules specification 2.1, "Escaping"
 */
export function parseString(text: string): SigmaString {
  const parts: Part[] = [];
  for (const [token] of text.matchAll(/\\[*?\\]|[*?]|[^\\*?]+|\\/g)) {
    if (token === '*') parts.push(anyRun);
    else if (token === '?') parts.push(anyOne);
    else parts.push(token.length === 2 && token.startsWith('\\') ? token.slice(1) : token);
  }
  return joined(parts);
}

/** Converts parts to the canonical form. */
export function joined(parts: SigmaString): SigmaString {
  const result: Part[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (part === '' || (part === anyRun && last === anyRun)) continue;
    if (typeof part === 'string' && typeof last === 'string') result[result.length - 1] = last + part;
    else result.push(part);
  }
  return result;
}

/** Returns the text of a string without wildcards; undefined for one with wildcards. */
export function literalOf(string: SigmaString): string | undefined {
  if (string.length === 0) return '';
  return string.length === 1 && typeof string[0] === 'string' ? string[0] : undefined;
}

/**
 * Formats a string in the syntax that {@link parseString} reads; different strings have different
 * texts.
 */
export function written(string: SigmaString): string {
  return string
    .map((part) => (typeof part === 'string' ? part.replaceAll(/[*?\\]/g, String.raw`\$&`) : part.description))
    .join('');
}

/** Applies a function to the texts, without the wildcards. */
export function mapTexts(string: SigmaString, change: (text: string) => string): SigmaString {
  return string.map((part) => (typeof part === 'string' ? change(part) : part));
}
