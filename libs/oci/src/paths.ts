import { isAscii, isUtf8 } from 'node:buffer';

// Bytes 0x80 to 0xFF outside of UTF-8 become U+EF80 to U+EFFF, which Unicode reserves for private
// use. A name that really contains one of those characters is escaped too, byte by byte, so no two
// names of a tar become the same text, and unlike lone surrogates every such text can be stored in
// PostgreSQL and JSON.
const escapeBase = 0xef00;
const firstEscape = 0xef80;
const lastEscape = 0xefff;
const escapedCharacter = /[\uEF80-\uEFFF]/;

/** Decodes a file name. Bytes outside of UTF-8 are preserved reversibly, see `encodeName`. */
export function decodeName(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1');
  if (isUtf8(bytes)) {
    const text = bytes.toString('utf8');
    if (!escapedCharacter.test(text)) return text;
  }
  return decodeBytewise(bytes);
}

function decodeBytewise(bytes: Buffer): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const character = bytes.subarray(at, at + sequenceLength(bytes[at]!));
    const text = isUtf8(character) ? character.toString('utf8') : '';
    if (text === '' || escapedCharacter.test(text)) {
      parts.push(String.fromCharCode(escapeBase + bytes[at]!));
      at += 1;
    } else {
      parts.push(text);
      at += character.length;
    }
  }
  return parts.join('');
}

/**
 * Bytes of the UTF-8 sequence that starts with `lead`. @see https://www.rfc-editor.org/rfc/rfc3629
 * section 3
 */
function sequenceLength(lead: number): number {
  if (lead < 0xc0) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

/** Encodes a name from `decodeName`. */
export function encodeName(name: string): Buffer {
  if (!escapedCharacter.test(name)) return Buffer.from(name, 'utf8');
  const parts = Array.from(name, (character) => {
    const code = character.codePointAt(0)!;
    const escaped = code >= firstEscape && code <= lastEscape;
    return escaped ? Buffer.from([code - escapeBase]) : Buffer.from(character, 'utf8');
  });
  return Buffer.concat(parts);
}

/**
 * Normalizes a name to a path from the image's root without leading slash; the root itself is the
 * empty path. `..` never leaves the root.
 */
export function normalizePath(name: string): string {
  const segments: string[] = [];
  for (const segment of name.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') segments.pop();
    else segments.push(segment);
  }
  return segments.join('/');
}

/** Whether a name has a `..` segment: no honest builder writes such names into a layer. */
export function hasParentSegment(name: string): boolean {
  return name.includes('..') && name.split('/').includes('..');
}

/**
 * Target of the symbolic link at `path`, as a path from the root; links on the way are not
 * resolved.
 */
export function linkDestination(path: string, target: string): string {
  return normalizePath(target.startsWith('/') ? target : `${parentOf(path)}/${target}`);
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash === -1 ? '' : path.slice(0, slash);
}

export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
