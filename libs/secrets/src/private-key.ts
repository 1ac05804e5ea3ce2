import { decodeBase64At } from './encoded-text.js';
import type { Candidate, KeywordPlace } from './secret-rule.js';
import { nothing } from './secret-rule.js';

/** Longer text is no key: RSA of 16,384 bits has 12 KB. */
const longestKey = 24 * 1024;
const header = /-----BEGIN ((?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?)-----/y;

type Start = Pick<KeywordPlace, 'text' | 'start'>;

export type KeyKind = 'plain' | 'encrypted' | 'service-account';

/** Starts of PEM, in clear and in Base64, and of JSON with a key: that of a service account. */
export const keyStarts = ['-----begin', 'ls0tls1crudjti', 'ewogicj0exblij', 'eyj0exblijoi', 'eyj0exblijog'];

/** Fast check: excludes certificates, and Base64 that starts in the middle of a word. */
export function mayBeKey(bytes: Buffer, start: number): boolean {
  const text = bytes.toString('latin1', Math.max(0, start - 2), start + 60);
  if (bytes[start] === 0x2d) return text.includes('PRIVATE KEY');
  return !/[A-Za-z0-9+/]/.test(text.charAt(Math.min(start, 2) - 1)) || bytes[start - 2] === 0x5c;
}

/**
 * Keys in PEM or OpenPGP armor, also as one escaped line of JSON and in Base64.
 * @see https://www.rfc-editor.org/rfc/rfc7468
 */
export function readPrivateKey(place: Start, kind: KeyKind): readonly Candidate[] {
  return place.text.startsWith('-', place.start) ? readPem(place, kind) : readEncoded(place, kind);
}

function readEncoded({ text, start }: Start, kind: KeyKind): readonly Candidate[] {
  const { decoded, end } = decodeBase64At(text, start);
  const begin = decoded.indexOf('-----BEGIN');
  return readPem({ text: decoded, start: begin }, kind).map((key) => ({ ...key, start, end }));
}

function readPem({ text, start }: Start, kind: KeyKind): readonly Candidate[] {
  header.lastIndex = start;
  const label = header.exec(text)?.[1];
  if (label === undefined) return nothing;
  const bodyStart = header.lastIndex;
  const footer = `-----END ${label}-----`;
  const window = text.slice(bodyStart, bodyStart + longestKey);
  const bodyEnd = window.indexOf('-----');
  if (bodyEnd === -1 || !window.startsWith(footer, bodyEnd)) return nothing;
  const body = window.slice(0, bodyEnd);
  const words = base64Words(body);
  const encoded = words.join('');
  if (encoded.length < 64 || new Set(encoded).size < 12) return nothing;
  // Between the lines of a program that writes keys are its names, none as long as a line of a key.
  if (!words.some((word) => word.length >= 40)) return nothing;
  if (kindOf(label, body, encoded, text.slice(Math.max(0, start - 40), start)) !== kind) return nothing;
  return [
    {
      start,
      end: bodyStart + bodyEnd + footer.length,
      // The same key has one fingerprint for any line breaks.
      value: `${label}\n${encoded}`,
      shown: `-----BEGIN ${label}-----`,
      confidence: isKey(label, Buffer.from(encoded, 'base64')) ? 'certain' : 'possible',
    },
  ];
}

/** Start of an OpenSSH key whose cipher is `none`. */
const openKey = Buffer.from('openssh-key-v1\0\0\0\0\u0004none').toString('base64').slice(0, 30);

function kindOf(label: string, body: string, encoded: string, before: string): KeyKind {
  if (/"private_key"\s{0,4}:\s{0,4}"$/.test(before)) return 'service-account';
  if (label.startsWith('OPENSSH')) return encoded.startsWith(openKey) ? 'plain' : 'encrypted';
  return label.includes('ENCRYPTED') || body.includes('ENCRYPTED') ? 'encrypted' : 'plain';
}

/** Quotes of a string for each line, as programs join them: `"MIIE…\n" +`, `'MIIE…',`. */
const quotes = /^["'`]{1,3}|["'`]{1,3}[,;.+)\]]{0,3}$/g;
/** Operators and comment signs that are in the alphabet of Base64. */
const signs = /^[+/]{1,3}$/;

// Line breaks may be escaped, and header lines (`Proc-Type`, `Version`) may precede the data.
function base64Words(body: string): string[] {
  return body
    .replace(/\\r|\\n|\r/g, '\n')
    .split(/\s+/)
    .map((word) => word.replace(quotes, ''))
    .filter((word) => /^[A-Za-z0-9+/=\\]+$/.test(word) && !signs.test(word))
    .map((word) => word.replaceAll('\\', ''));
}

function isKey(label: string, key: Buffer): boolean {
  if (label.startsWith('OPENSSH')) return key.subarray(0, 15).equals(Buffer.from('openssh-key-v1\0'));
  if (label.startsWith('PGP')) return [0x94, 0x95, 0xc5].includes(key[0] ?? 0);
  return key[0] === 0x30 && sequenceLength(key) <= key.length;
}

/**
 * Length of a DER SEQUENCE with its header. @see https://www.itu.int/rec/T-REC-X.690 section 8.1.3
 */
function sequenceLength(der: Buffer): number {
  const first = der[1] ?? 0xff;
  if (first < 0x80) return first + 2;
  const size = first & 0x7f;
  return size > 0 && size <= 3 && der.length > 2 + size ? der.readUIntBE(2, size) + 2 + size : Infinity;
}
