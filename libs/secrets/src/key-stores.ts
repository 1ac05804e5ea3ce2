import { nothing } from './secret-rule.js';
import type { Candidate, KeywordPlace } from './secret-rule.js';

const mostEntries = 1_000;

/** Binary stores of private keys, by their first bytes. */
export function readKeyStore({ text }: KeywordPlace): readonly Candidate[] {
  const head = Buffer.from(text.slice(0, 64), 'latin1');
  if (isPkcs12(head)) return whole(text, 'PKCS #12');
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
  const isKey = derKey.test(Buffer.from(text.slice(0, 16), 'latin1').toString('hex'));
  return isKey ? whole(text, 'private key in DER') : nothing;
}

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
