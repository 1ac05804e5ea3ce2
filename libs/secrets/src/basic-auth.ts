import { decodeBase64 } from './encoded-text.js';
import { isPlaceholder } from './placeholder.js';
import { nothing } from './secret-rule.js';
import type { Candidate } from './secret-rule.js';

/**
 * Password of a `name:password` in Base64, as for registries and HTTP. @see
 * https://www.rfc-editor.org/rfc/rfc7617
 */
export function basicAuthIn(text: string, start: number, end: number): readonly Candidate[] {
  const decoded = decodeBase64(text.slice(start, end));
  const colon = decoded.indexOf(':');
  const value = decoded.slice(colon + 1);
  const isCredential = colon > 0 && value.length >= 3 && /^[\x20-\x7e]+$/.test(decoded) && !isPlaceholder(value);
  return isCredential ? [{ start, end, value, decoded, confidence: 'certain' }] : nothing;
}
