import { decodeBase64At } from './encoded-text.js';
import { isDerKey, sequenceLength } from './key-bytes.js';
import type { Candidate, KeywordPlace } from './secret-rule.js';
import { nothing } from './secret-rule.js';

/** Longer text is no key: RSA of 16,384 bits has 12 KB. */
const longestKey = 24 * 1024;
const header = /-----BEGIN ((?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?)-----/y;

type Start = Pick<KeywordPlace, 'text' | 'start'>;

export type KeyKind = 'plain' | 'encrypted' | 'service-account';

/** Starts of PEM, in clear and in Base64, and of JSON with a key: that of a service account. */
const pemStarts = ['-----begin', 'ls0tls1crudjti', 'ewogicj0exblij', 'eyj0exblijoi', 'eyj0exblijog'];
/**
 * Base64 of keys in DER behind their length: RSA, P-256, P-384, P-521 and Ed25519 in PKCS #8, and
 * RSA of 2,048 and 4,096 bits in PKCS #1.
 */
const derStarts = [
  'ibadanbgkqhkig9w0baqefaa',
  'ageambmgbyqgsm49agegccqgsm49awehb',
  'ageambagbyqgsm49agegbsubbaa',
  'mc4caqawbqydk2vwbciei',
  'ibaakcaqea',
  'ibaakcagea',
];

export const keyStarts = [...pemStarts, ...derStarts];

/** Fast check: excludes certificates, and Base64 that starts in the middle of a word. */
export function mayBeKey(bytes: Buffer, start: number): boolean {
  const text = bytes.toString('latin1', Math.max(0, start - 2), start + 60);
  if (bytes[start] === 0x2d) return /PRIVATE(?: |%20|\+)KEY/.test(text);
  if (derStart.test(text.slice(Math.min(start, 2)))) return true;
  return !/[A-Za-z0-9+/]/.test(text.charAt(Math.min(start, 2) - 1)) || bytes[start - 2] === 0x5c;
}

/**
 * Keys in PEM or OpenPGP armor, also as one escaped line of JSON and in Base64.
 * @see https://www.rfc-editor.org/rfc/rfc7468
 */
export function readPrivateKey(place: Start, kind: KeyKind): readonly Candidate[] {
  if (!place.text.startsWith('-', place.start)) return [...readEncoded(place, kind), ...readDer(place, kind)];
  return urlEncoded.test(place.text.slice(place.start, place.start + 16))
    ? readUrlEncoded(place, kind)
    : readPem(place, kind);
}

const derStart = new RegExp(`^(?:${derStarts.join('|')})`, 'i');
/** Base64 of the length before such a start. */
const longestLead = 8;

/** A key without the lines of PEM, as frameworks take it in their settings: `privateKey=MIIE…`. */
function readDer({ text, start }: Start, kind: KeyKind): readonly Candidate[] {
  if (kind !== 'plain' || !derStart.test(text.slice(start, start + 40))) return nothing;
  const lead = /[A-Za-z0-9+/]{0,8}$/.exec(text.slice(Math.max(0, start - longestLead), start))?.[0] ?? '';
  const from = start - lead.length;
  const { decoded, end } = decodeBase64At(text, from);
  const key = Buffer.from(decoded, 'latin1');
  // The key of a PEM is found with its label.
  const isInPem = /-----(?:\\[rn]|["'\s+,])*$/.test(text.slice(Math.max(0, from - 80), from));
  if (isInPem || !isDerKey(key) || sequenceLength(key) > key.length) return nothing;
  const label = /^ibaakca/i.test(text.slice(start, start + 8)) ? 'RSA PRIVATE KEY' : 'PRIVATE KEY';
  const encoded = key.subarray(0, sequenceLength(key)).toString('base64');
  return [{ start: from, end, value: `${label}\n${encoded}`, shown: `${label} without PEM`, confidence: 'certain' }];
}

const urlEncoded = /^-----BEGIN(?:%20|\+)/;

/** A PEM in the query of a URL or the body of a form. */
function readUrlEncoded({ text, start }: Start, kind: KeyKind): readonly Candidate[] {
  const window = text.slice(start, start + longestKey);
  const isForm = window.startsWith('-----BEGIN+');
  const decoded = (isForm ? window.replaceAll('+', ' ') : window).replace(/%([0-9a-f]{2})/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  const length = window.search(/-----END[^&\s]{10,60}?KEY-----/) + '-----END PRIVATE KEY-----'.length;
  return readPem({ text: decoded, start: 0 }, kind).map((key) => ({ ...key, start, end: start + length }));
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
