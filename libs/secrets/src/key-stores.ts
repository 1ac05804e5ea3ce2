import { nothing } from './secret-rule.js';
import type { Candidate, KeywordPlace } from './secret-rule.js';

const mostEntries = 1_000;

/** The first bytes of stores in lower case: Java keystores, KeePass, PKCS #12 behind its length. */
export const storeStarts = [
  '\u00fe\u00ed\u00fe\u00ed',
  '\u00ee\u00ee\u00ee\u00ee',
  '\u0003\u00f9\u00a2\u009a',
  '\u0002\u0001\u0003\u0030',
];
/** Versions of PKCS #8, PKCS #1 and SEC 1, behind the length of the key. */
export const keyStartsInDer = ['\u0002\u0001\u0000\u0030', '\u0002\u0001\u0000\u0002', '\u0002\u0001\u0001\u0004'];

/** Whether a place is that of the first bytes of a store or key. */
export const isAtStart = (_: Buffer, start: number): boolean => start <= 4;

/** Whether a file of any name starts like a store of keys, or like a key in DER. */
export function startsAsKeys(head: Uint8Array): boolean {
  const start = Buffer.from(head.subarray(0, 64));
  return isPkcs12(start) || isJavaStore(start) || start.subarray(0, 4).equals(keePass) || isDerKey(start);
}

/** Binary stores of private keys, by their first bytes. */
export function readKeyStore({ text, end }: KeywordPlace): readonly Candidate[] {
  const head = Buffer.from(text.slice(0, 64), 'latin1');
  // A file of another name may be a store of authorities, as that of every Java runtime.
  if (isPkcs12(head)) return end === 0 || text.includes(keyBag) ? whole(text, 'PKCS #12') : nothing;
  if (isJavaStore(head) && holdsPrivateKey(Buffer.from(text, 'latin1'))) return whole(text, 'Java keystore');
  return head.subarray(0, 4).equals(keePass) ? whole(text, 'KeePass database') : nothing;
}

/**
 * Kerberos keys of services. @see
 * https://web.mit.edu/kerberos/krb5-latest/doc/formats/keytab_file_format.html
 */
export function readKeytab({ text }: KeywordPlace): readonly Candidate[] {
  const isKeytab = text.charCodeAt(0) === 5 && [1, 2].includes(text.charCodeAt(1)) && text.length > 16;
  return isKeytab ? whole(text, 'Kerberos keytab') : nothing;
}

// SEQUENCE of version 0 and an algorithm (PKCS #8) or a modulus (PKCS #1), or of version 1 and the
// key of a curve (SEC 1).
const derKey = /^30(?:82.{4}|81..|[1-7].)(?:020100(?:30..06|028[12])|02010104[1-4].)/;

/** A private key in DER. */
export function readDerKey({ text }: KeywordPlace): readonly Candidate[] {
  return isDerKey(Buffer.from(text.slice(0, 16), 'latin1')) ? whole(text, 'private key in DER') : nothing;
}

const isDerKey = (head: Buffer): boolean => derKey.test(head.toString('hex', 0, 16));

/**
 * Key in the directory of GnuPG's agent, as text or as an S-expression, or the older keyring with
 * all of them.
 */
export function readGnupgKey({ text }: KeywordPlace): readonly Candidate[] {
  const head = text.slice(0, 2_000);
  const isKey = /\((?:protected-)?private-key \(|^\(\d\d:(?:protected-)?private-key\(|^[\x94\x95\xc5]/.test(head);
  return isKey ? whole(text, 'private key of GnuPG') : nothing;
}

function whole(text: string, shown: string): readonly Candidate[] {
  return [{ start: 0, end: text.length, value: text, shown, confidence: 'certain' }];
}

/** SEQUENCE that begins with version 3. @see https://www.rfc-editor.org/rfc/rfc7292#section-4 */
function isPkcs12(head: Buffer): boolean {
  return head[0] === 0x30 && head.subarray(0, 10).indexOf(Buffer.from([0x02, 0x01, 0x03, 0x30])) >= 2;
}

/**
 * Identifier of a bag with an encrypted key, which is in clear. @see RFC 7292, section 4.2.2
 */
const keyBag = Buffer.from('060b2a864886f70d010c0a0102', 'hex').toString('latin1');

const keePass = Buffer.from([0x03, 0xd9, 0xa2, 0x9a]);
const javaStores = [0xfeedfeed, 0xcececece];
const isJavaStore = (head: Buffer): boolean => head.length >= 12 && javaStores.includes(head.readUInt32BE(0));

/**
 * Whether an entry of a JKS or JCEKS is no certificate: the trust stores of every image contain
 * only certificates.
 */
function holdsPrivateKey(store: Buffer): boolean {
  let at = 12;
  for (let entry = 0; entry < mostEntries && at + 6 <= store.length; entry += 1) {
    if (store.readUInt32BE(at) !== trustedCertificate) return true;
    at = skipCertificate(store, at + 4);
  }
  return false;
}

const trustedCertificate = 2;

// Alias, date, type, and the certificate.
function skipCertificate(store: Buffer, aliasAt: number): number {
  const typeAt = aliasAt + 2 + store.readUInt16BE(aliasAt) + 8;
  const lengthAt = typeAt + 2 <= store.length ? typeAt + 2 + store.readUInt16BE(typeAt) : Infinity;
  return lengthAt + 4 <= store.length ? lengthAt + 4 + store.readUInt32BE(lengthAt) : Infinity;
}
