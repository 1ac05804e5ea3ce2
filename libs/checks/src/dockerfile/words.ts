/**
 * Splits at blanks that are neither quoted nor escaped. The words keep their quotes; stops after
 * `maxWords`.
 * @see https://github.com/moby/buildkit/blob/master/frontend/dockerfile/shell/lex.go
 */
export function splitWords(text: string, escape: string, maxWords = Number.MAX_SAFE_INTEGER): string[] {
  const words: string[] = [];
  let start: number | undefined;
  let quote = '';
  for (let at = 0; at < text.length && words.length < maxWords; at += 1) {
    const char = text.charAt(at);
    if (quote === '' && /\s/.test(char)) {
      if (start !== undefined) words.push(text.slice(start, at));
      start = undefined;
      continue;
    }
    start ??= at;
    if (char === escape && quote !== "'") at += 1;
    else if (quote === '' && (char === '"' || char === "'")) quote = char;
    else if (char === quote) quote = '';
  }
  if (start !== undefined && words.length < maxWords) words.push(text.slice(start));
  return words;
}
