import { nothing } from './secret-rule.js';
import type { Candidate, KeywordPlace } from './secret-rule.js';

const reach = 3_000;
const privatePart = /"(?:d|k)"\s{0,8}:\s{0,8}"([A-Za-z0-9_-]{20,1000})"/dg;

/**
 * Private exponent or symmetric key of a `"kty"`. @see
 * https://www.rfc-editor.org/rfc/rfc7518#section-6
 */
export function readJsonWebKey({ text, start, end }: KeywordPlace): readonly Candidate[] {
  // Keys contain no objects: the surrounding braces are their bounds.
  const from = text.lastIndexOf('{', start) + 1;
  const close = text.indexOf('}', end);
  if (from < start - reach || close === -1 || close > end + reach) return nothing;
  for (const { indices } of text.slice(from, close).matchAll(privatePart)) {
    const span = indices?.[1];
    if (span !== undefined) return [{ start: from + span[0], end: from + span[1] }];
  }
  return nothing;
}
