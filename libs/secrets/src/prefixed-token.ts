import { entropyOf, isTokenChar } from './characters.js';
import { looksRandom } from './placeholder.js';
import { nothing } from './secret-rule.js';
import type { Candidate, KeywordPlace } from './secret-rule.js';

const words = ['sk', 'pat', 'key', 'live', 'token', 'secret', 'api', 'oauth', 'prod'];

/** Words in the prefix of a token that mark it as a credential, in services of any name. */
export const prefixWords: readonly string[] = words.flatMap((word) => [`${word}_`, `${word}-`]);

const shortest = 24;
const longest = { lead: 24, body: 200 };

const isLetterOrDigit = (code: number): boolean => isTokenChar(code) && code !== 0x5f && code !== 0x2d;

/** Fast check: a whole word, and so many characters after it that no name has as many. */
export function mayBePrefixed(bytes: Buffer, start: number, end: number): boolean {
  if (start > 0 && isLetterOrDigit(bytes[start - 1]!)) return false;
  // Not the label of a PEM.
  if (!isLetterOrDigit(bytes[end] ?? 0)) return false;
  for (let at = end; at < end + shortest; at += 1) if (at >= bytes.length || !isTokenChar(bytes[at]!)) return false;
  return true;
}

/**
 * `"acme_live_…"`, `'sk-acme-…'`: a literal or a value whose prefix marks it as a credential and
 * whose rest is random, so that services without a rule of their own are found as well.
 */
export function readPrefixedToken({ text, file, start, end }: KeywordPlace): readonly Candidate[] {
  if (file.isMadeByTools) return nothing;
  let from = start;
  while (start - from <= longest.lead && isTokenChar(text.charCodeAt(from - 1))) from -= 1;
  let to = end;
  while (to - end <= longest.body && isTokenChar(text.charCodeAt(to))) to += 1;
  if (start - from > longest.lead || to - end > longest.body) return nothing;
  if (!/[\s"'`=:]/.test(text.charAt(from - 1) || ' ') || /[./(\\[]/.test(text.charAt(to))) return nothing;
  return isRandom(text.slice(end, to)) ? [{ start: from, end: to }] : nothing;
}

/** Whether the last part, behind all names, is a key in hex or of letters and digits. */
function isRandom(body: string): boolean {
  const last = body.split(/[-_]/).findLast((part) => part.length > 8) ?? '';
  if (last.length < shortest || !looksRandom(last)) return false;
  if (/^[0-9a-f]+$/.test(last)) return last.length >= 32 && entropyOf(last) >= 3;
  return /[a-z]/.test(last) && /[A-Z]/.test(last) && entropyOf(last) >= 3.8;
}
