import { createHash, createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';

/** Limits for one file: a bundle of authorities has some 150 certificates. */
const limits = { fileBytes: 1024 * 1024, keys: 500 };

const publicFile = /\.(?:pub|crt|cer|cert|pem)$|(?:^|\/)authorized_keys2?$/i;
const certificate = /-----BEGIN (?:CERTIFICATE|PUBLIC KEY)-----[A-Za-z0-9+/=\s]{1,16384}-----END/g;
const sshKey = /\b(?:ssh-(?:rsa|ed25519)|ecdsa-sha2-nistp\d{3}) {1,4}(AAAA[A-Za-z0-9+/]{40,4096})/g;

/** Whether a file may be a certificate or a list of public keys. */
export const mayHoldPublicKeys = (path: string, sizeBytes: number): boolean =>
  sizeBytes <= limits.fileBytes && publicFile.test(path);

/** Identities of the public keys of a file, each once: of PEM certificates and keys, and of SSH. */
export function publicKeysIn(content: Buffer): string[] {
  const text = content.toString('latin1');
  const found = new Set<string>();
  const add = (identity: string | undefined) => identity !== undefined && found.add(identity);
  let left = limits.keys;
  for (const [pem] of text.matchAll(certificate)) {
    if ((left -= 1) < 0) break;
    add(identityOfCertificate(pem) ?? identityOf(() => publicKeyOfPem(`${pem} ${labelOf(pem)}-----\n`)));
  }
  for (const [, encoded = ''] of text.matchAll(sshKey)) {
    if ((left -= 1) < 0) break;
    add(identityOfSsh(Buffer.from(encoded, 'base64')));
  }
  return [...found];
}

const labelOf = (pem: string): string => pem.slice('-----BEGIN '.length, pem.indexOf('-----', 5));

const publicKeyOfPem = (pem: string): KeyObject =>
  pem.startsWith('-----BEGIN CERT') ? new X509Certificate(pem).publicKey : createPublicKey(pem);

/**
 * Identity of the public key that belongs to a private key in clear, the same in all formats;
 * undefined for a broken, encrypted or unknown key.
 *
 * @param label of the PEM, such as `RSA PRIVATE KEY`
 */
export function publicKeyOfPrivate(label: string, encoded: string): string | undefined {
  const bytes = Buffer.from(encoded, 'base64');
  if (label.startsWith('OPENSSH')) return identityOfSsh(publicPartOf(bytes));
  if (!isQuick(label, bytes)) return undefined;
  const pem = `-----BEGIN ${label}-----\n${encoded}\n-----END ${label}-----\n`;
  return identityOf(() => createPublicKey(createPrivateKey(pem)));
}

const curves = '(?:06082a8648ce3d030107|06052b810400(?:22|23))';
/** PKCS #8 in hex, with object identifiers of RSA, Ed25519, and the curves P-256, P-384, P-521. */
const quickKey = new RegExp(
  `^30(?:..){1,4}02010[01]30(?:..){1,3}06(?:092a864886f70d010101|032b6570|072a8648ce3d0201${curves})`,
);
const quickCurve = new RegExp(`a0..${curves}`);

/** Whether the public key is computed within a millisecond: for Diffie-Hellman it takes seconds. */
function isQuick(label: string, der: Buffer): boolean {
  if (label.startsWith('RSA')) return true;
  if (label.startsWith('EC')) return quickCurve.test(der.toString('hex', 0, 100));
  return label === 'PRIVATE KEY' && quickKey.test(der.toString('hex', 0, 64));
}

/** Public key in front of the private part. @see openssh-portable, PROTOCOL.key */
function publicPartOf(key: Buffer): Buffer {
  let rest = key.subarray('openssh-key-v1\0'.length);
  // Cipher, KDF and its options.
  for (let part = 0; part < 3; part += 1) rest = splitString(rest)[1];
  return splitString(rest.subarray(4))[0];
}

function identityOf(read: () => KeyObject): string | undefined {
  try {
    const { n, x } = read().export({ format: 'jwk' });
    return hashOf(n ?? x);
  } catch {
    // Not a key, or of a kind that has no JWK.
    return undefined;
  }
}

/**
 * Identity of the key of a certificate in its usual form, without a library: an image with a bundle
 * of authorities has some 300 certificates. Undefined for any other form.
 * @see RFC 5280, section 4.1
 */
function identityOfCertificate(pem: string): string | undefined {
  if (!pem.startsWith('-----BEGIN CERTIFICATE-----')) return undefined;
  const body = pem.slice('-----BEGIN CERTIFICATE-----'.length, pem.lastIndexOf('-----END'));
  const certificate = derElements(Buffer.from(body, 'base64'));
  if (certificate.length !== 1) return undefined;
  const [signed] = derElements(certificate[0]!.content);
  // Version, serial number, algorithm, issuer, validity, subject, and then the key.
  const key = signed && derElements(signed.content)[6];
  const [algorithm, bits] = key ? derElements(key.content) : [];
  if (!algorithm || bits?.tag !== bitString || bits.content[0] !== 0) return undefined;
  const value = bits.content.subarray(1);
  switch (algorithm.content.toString('hex')) {
    case '06092a864886f70d0101010500': {
      const modulus = derElements(derElements(value)[0]?.content ?? value)[0]?.content;
      return modulus?.[0] === 0 ? hashOf(modulus.subarray(1).toString('base64url')) : undefined;
    }
    case '06072a8648ce3d020106082a8648ce3d030107':
    case '06072a8648ce3d020106052b81040022':
      return value[0] === 4 ? hashOf(value.subarray(1, (value.length + 1) / 2).toString('base64url')) : undefined;
    default:
      return undefined;
  }
}

const bitString = 0x03;

interface DerElement {
  tag: number;
  content: Buffer;
}

/**
 * Elements that fill some bytes; none if they do not end where the bytes do.
 * @see X.690, section 8.1
 */
function derElements(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at]!;
    const first = bytes[at + 1] ?? 0x80;
    const sizeBytes = first < 0x80 ? 0 : first & 0x7f;
    if (first === 0x80 || sizeBytes > 3 || at + 2 + sizeBytes > bytes.length) return [];
    const start = at + 2 + sizeBytes;
    const end = start + (sizeBytes === 0 ? first : bytes.readUIntBE(at + 2, sizeBytes));
    if (end > bytes.length) return [];
    elements.push({ tag, content: bytes.subarray(start, end) });
    at = end;
  }
  return elements;
}

/** Hashes the modulus of RSA, or the coordinate x. @see RFC 4253, section 6.6; RFC 5656 */
function identityOfSsh(blob: Buffer): string | undefined {
  const [type, afterType] = splitString(blob);
  const [first, afterFirst] = splitString(afterType);
  const [second] = splitString(afterFirst);
  switch (type.toString('latin1').split('-', 2).join('-')) {
    case 'ssh-rsa':
      return hashOf(second.subarray(second[0] === 0 ? 1 : 0).toString('base64url'));
    case 'ssh-ed25519':
      return hashOf(first.toString('base64url'));
    case 'ecdsa-sha2':
      return hashOf(second.subarray(1, (second.length + 1) / 2).toString('base64url'));
    default:
      return undefined;
  }
}

/** String with its length in front, and what follows. */
function splitString(bytes: Buffer): [string: Buffer, rest: Buffer] {
  if (bytes.length < 4) return [Buffer.alloc(0), Buffer.alloc(0)];
  const end = 4 + bytes.readUInt32BE(0);
  return [bytes.subarray(4, end), bytes.subarray(end)];
}

function hashOf(number: string | undefined): string | undefined {
  if (number === undefined || number === '') return undefined;
  return createHash('sha256').update(number).digest('hex').slice(0, 32);
}
