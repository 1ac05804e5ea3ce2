/** Whether a file of any name starts like a store of keys, or like a key in DER. */
export function startsAsKeys(head: Uint8Array): boolean {
  const start = Buffer.from(head.subarray(0, 64));
  return isPkcs12(start) || isJavaStore(start) || isKeePass(start) || isDerKey(start) || isOpenPgpKey(start);
}

// Secret-key packet with two bytes of length, version 4, a time and an algorithm: RSA, DSA or one
// of the curves.
const openPgpKey = /^(?:95....|c5[c-d]...|94..)04.{8}(?:01|11|12|13|16|19|1b)/;

/**
 * Whether bytes start like the secret key of OpenPGP in binary form. @see
 * https://www.rfc-editor.org/rfc/rfc9580#section-5.5.3
 */
export const isOpenPgpKey = (head: Buffer): boolean => openPgpKey.test(head.toString('hex', 0, 16));

/** SEQUENCE that begins with version 3. @see https://www.rfc-editor.org/rfc/rfc7292#section-4 */
export function isPkcs12(head: Buffer): boolean {
  return head[0] === 0x30 && head.subarray(0, 10).indexOf(Buffer.from([0x02, 0x01, 0x03, 0x30])) >= 2;
}

// SEQUENCE of version 0 and an algorithm (PKCS #8) or a modulus (PKCS #1), or of version 1 and the
// key of a curve (SEC 1).
const derKey = /^30(?:82.{4}|81..|[1-7].)(?:020100(?:30..06|028[12])|02010104[1-4].)/;

/** Whether bytes start like a private key in DER. */
export const isDerKey = (head: Buffer): boolean => derKey.test(head.toString('hex', 0, 16));

const keePass = Buffer.from([0x03, 0xd9, 0xa2, 0x9a]);
/** Whether bytes start like a database of KeePass. */
export const isKeePass = (head: Buffer): boolean => head.subarray(0, 4).equals(keePass);

const javaStores = [0xfeedfeed, 0xcececece];
/** Whether bytes start like a JKS or JCEKS. */
export const isJavaStore = (head: Buffer): boolean => head.length >= 12 && javaStores.includes(head.readUInt32BE(0));

/**
 * Length of a DER SEQUENCE with its header. @see https://www.itu.int/rec/T-REC-X.690 section 8.1.3
 */
export function sequenceLength(der: Buffer): number {
  const first = der[1] ?? 0xff;
  if (first < 0x80) return first + 2;
  const size = first & 0x7f;
  return size > 0 && size <= 3 && der.length > 2 + size ? der.readUIntBE(2, size) + 2 + size : Infinity;
}
