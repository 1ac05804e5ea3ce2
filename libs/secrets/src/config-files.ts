import { isPlaceholder } from './placeholder.js';
import { nothing } from './secret-rule.js';
import type { Candidate, Place } from './secret-rule.js';

const longestList = 1000;

/** The passwords of `.pgpass`. @see https://www.postgresql.org/docs/current/libpq-pgpass.html */
export function readPgpass({ text }: Place): readonly Candidate[] {
  return lastFields(text, /^(?:(?:\\.|[^:\\\n]){1,255}:){4}(.{3,256}?)\r?$/dgm);
}

/** The hashes of passwords in `/etc/shadow`. @see https://manpages.debian.org/shadow.5 */
export function readShadow({ text }: Place): readonly Candidate[] {
  return lastFields(text, /^[\w.-]{1,64}:(\$[0-9a-z]{1,4}\$[^:\n]{10,256}):/dgm);
}

/** The one value that a file is: a master key of Rails. */
export function readOnlyValue({ text }: Place): readonly Candidate[] {
  const [span] = lastFields(text.slice(0, 256), /^([0-9a-f]{32})\s{0,4}$/dg);
  return span === undefined ? nothing : [span];
}

/** A store of keys in PKCS #12: a SEQUENCE that begins with version 3. @see https://www.rfc-editor.org/rfc/rfc7292#section-4 */
export function readPkcs12({ text }: Place): readonly Candidate[] {
  const head = Buffer.from(text.slice(0, 10), 'latin1');
  const version = head.indexOf(Buffer.from([0x02, 0x01, 0x03, 0x30]));
  const isStore = head[0] === 0x30 && version >= 2;
  return isStore ? [{ start: 0, end: text.length, value: text, shown: 'PKCS #12', confidence: 'certain' }] : nothing;
}

function lastFields(text: string, line: RegExp): readonly Candidate[] {
  const found: Candidate[] = [];
  for (const match of text.matchAll(line)) {
    const span = match.indices?.[1];
    if (span !== undefined && !isPlaceholder(match[1] ?? '')) found.push({ start: span[0], end: span[1] });
    if (found.length === longestList) break;
  }
  return found;
}

/** Whether Base64 holds `name:password`, as registries and HTTP want it. */
export function isBasicAuth(value: string): boolean {
  const decoded = Buffer.from(value, 'base64').toString('latin1');
  const colon = decoded.indexOf(':');
  const password = decoded.slice(colon + 1);
  return colon > 0 && password.length >= 3 && /^[\x20-\x7e]+$/.test(decoded) && !isPlaceholder(password);
}
