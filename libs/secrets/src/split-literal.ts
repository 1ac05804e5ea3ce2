import { isTokenChar } from './characters.js';
import { nothing } from './secret-rule.js';
import type { Candidate, KeywordPlace } from './secret-rule.js';

const signs = ['+', '.'];
const quotes = ['"', "'"];
/** The end of a literal, and the operator of JavaScript, Python, Java or PHP that joins it. */
export const joints: readonly string[] = quotes.flatMap((quote) =>
  signs.flatMap((sign) => [`${quote}${sign}`, `${quote} ${sign}`]),
);

/** Characters at both sides of a joint: words in texts are followed by a space. */
const shortest = 4;
const longest = { part: 200, parts: 16, gap: 80 };
const next = new RegExp(`^["'] ?[+.]\\s{0,${longest.gap}}["'](?=[\\w-]{${shortest}})`);

/** Fast check: characters of tokens before the quote, and a literal after the operator. */
export function mayBeSplit(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start - shortest; at < start; at += 1) if (at < 0 || !isTokenChar(bytes[at]!)) return false;
  return next.test(bytes.toString('latin1', start, end + longest.gap + 1 + shortest));
}

/** `"ghp_…" + "…"`: a token in several literals, joined. */
export function readSplitLiteral({ text, start }: KeywordPlace): readonly Candidate[] {
  let from = start;
  while (start - from < longest.part && isTokenChar(text.charCodeAt(from - 1))) from -= 1;
  // The joint before has the whole of it.
  if (/["'] ?[+.]\s{0,80}["']$/.test(text.slice(Math.max(0, from - longest.gap - 5), from))) return nothing;
  let joined = text.slice(from, start);
  let end = start;
  for (let part = 1; part < longest.parts; part += 1) {
    const gap = next.exec(text.slice(end, end + longest.gap + 10))?.[0];
    if (gap === undefined) break;
    const begin = end + gap.length;
    for (end = begin; end - begin < longest.part && isTokenChar(text.charCodeAt(end));) end += 1;
    joined += text.slice(begin, end);
  }
  return [{ start: from, end, decoded: joined, isJoined: true }];
}
