import { isDerKey, isJavaStore, isKeePass, isOpenPgpKey, isPkcs12, sequenceLength } from './key-bytes.js';
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

/** Binary stores of private keys, by their first bytes. */
export function readKeyStore({ text, end }: KeywordPlace): readonly Candidate[] {
  const head = Buffer.from(text.slice(0, 64), 'latin1');
  // A file of another name may be a store of authorities, as that of every Java runtime.
  if (isPkcs12(head)) return end === 0 || text.includes(keyBag) ? whole(text, 'PKCS #12') : nothing;
  if (isJavaStore(head) && holdsPrivateKey(Buffer.from(text, 'latin1'))) return whole(text, 'Java keystore');
  return isKeePass(head) ? whole(text, 'KeePass database') : nothing;
}

/**
 * Kerberos keys of services. @see
 * https://web.mit.edu/kerberos/krb5-latest/doc/formats/keytab_file_format.html
 */
export function readKeytab({ text }: KeywordPlace): readonly Candidate[] {
  const isKeytab = text.charCodeAt(0) === 5 && [1, 2].includes(text.charCodeAt(1)) && text.length > 16;
  return isKeytab ? whole(text, 'Kerberos keytab') : nothing;
}

/** A private key in DER, not the template of one that a program completes. */
export function readDerKey({ text }: KeywordPlace): readonly Candidate[] {
  const head = Buffer.from(text.slice(0, 16), 'latin1');
  return isDerKey(head) && sequenceLength(head) <= text.length ? whole(text, 'private key in DER') : nothing;
}

/**
 * Key in the directory of GnuPG's agent, as text or as an S-expression, or the older keyring with
 * all of them.
 */
export function readGnupgKey({ text }: KeywordPlace): readonly Candidate[] {
  const head = text.slice(0, 2_000);
  const isKey = /\((?:protected-)?private-key \(|^\(\d\d:(?:protected-)?private-key\(/.test(head);
  return isKey || isOpenPgpKey(Buffer.from(head.slice(0, 16), 'latin1'))
    ? whole(text, 'private key of GnuPG')
    : nothing;
}

function whole(text: string, shown: string): readonly Candidate[] {
  return [{ start: 0, end: text.length, value: text, shown, confidence: 'certain' }];
}

/**
 * Identifier of a bag with an encrypted key, which is in clear. @see RFC 7292, section 4.2.2
 */
const keyBag = Buffer.from('060b2a864886f70d010c0a0102', 'hex').toString('latin1');

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
