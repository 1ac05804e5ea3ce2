import { createECDH, createHash, createPublicKey, ECDH, verify } from 'node:crypto';

const curve = 'prime256v1';
/**
 * Prime of the field of P-256, and order of its group. @see
 * https://csrc.nist.gov/pubs/fips/186-4/final, D.1.2.3
 */
const fieldPrime = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const groupOrder = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
/** SPKI in DER up to the coordinates of a point. */
const spkiStart = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex');

interface Point {
  x: bigint;
  y: bigint;
}

/**
 * Fingerprints (SHA-256 of the SPKI) of the keys that can have made an ECDSA signature on P-256
 * over a SHA-256, as cosign's keys do: two, since the signature does not identify one. All
 * signatures of one key have one fingerprint in common, which no other key can produce. Empty for
 * other signatures.
 * @see https://www.secg.org/sec1-v2.pdf, 4.1.6
 */
export function recoveredKeys(message: Buffer, signature: Buffer): string[] {
  const numbers = readSignature(signature);
  if (numbers === null) return [];
  try {
    return candidates(message, numbers).flatMap(({ x, y }) => {
      const spki = Buffer.concat([spkiStart, bytesOf(x), bytesOf(y)]);
      const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
      const isSigner = verify('sha256', message, key, signature);
      return isSigner ? [`sha256:${createHash('sha256').update(spki).digest('hex')}`] : [];
    });
  } catch {
    // OpenSSL throws for numbers that are no points and no keys.
    return [];
  }
}

/**
 * Both solutions of `s·R = e·G + r·Q`: OpenSSL returns only the x of the point `s/r·R`, and each y
 * belongs to one of the two.
 */
function candidates(message: Buffer, { r, s }: { r: bigint; s: bigint }): Point[] {
  const hash = numberOf(createHash('sha256').update(message).digest());
  const inverse = power(r, groupOrder - 2n, groupOrder);
  const own = createECDH(curve);
  own.setPrivateKey(bytesOf(modulo(-hash * inverse, groupOrder)));
  const base = pointOf(own.getPublicKey());
  own.setPrivateKey(bytesOf(modulo(s * inverse, groupOrder)));
  const other = pointAt(own.computeSecret(compressed(bytesOf(r))));
  return [sum(base, other), sum(base, { x: other.x, y: fieldPrime - other.y })];
}

/** Sum of two points of different x. */
function sum(a: Point, b: Point): Point {
  const slope = (b.y - a.y) * power(modulo(b.x - a.x, fieldPrime), fieldPrime - 2n, fieldPrime);
  const x = modulo(slope * slope - a.x - b.x, fieldPrime);
  return { x, y: modulo(slope * (a.x - x) - a.y, fieldPrime) };
}

/** One of the two points of an x. */
function pointAt(x: Buffer): Point {
  return pointOf(ECDH.convertKey(compressed(x), curve, undefined, undefined, 'uncompressed') as Buffer);
}

function compressed(x: Buffer): Buffer {
  return Buffer.concat([Buffer.of(2), x]);
}

function pointOf(uncompressed: Buffer): Point {
  return { x: numberOf(uncompressed.subarray(1, 33)), y: numberOf(uncompressed.subarray(33)) };
}

/** Null if the bytes are no sequence of two integers of P-256 in DER. */
function readSignature(der: Buffer): { r: bigint; s: bigint } | null {
  if (der.length > 72 || der[0] !== 0x30 || der[1] !== der.length - 2 || der[2] !== 2) return null;
  const end = 4 + (der[3] ?? 0);
  if (der[end] !== 2 || end + 2 + (der[end + 1] ?? 0) !== der.length) return null;
  const [r, s] = [numberOf(der.subarray(4, end)), numberOf(der.subarray(end + 2))];
  const areInGroup = [r, s].every((number) => number > 0n && number < groupOrder);
  return areInGroup ? { r, s } : null;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = base, left = exponent; left > 0n; left >>= 1n, square = (square * square) % modulus) {
    if ((left & 1n) === 1n) result = (result * square) % modulus;
  }
  return result;
}

function modulo(value: bigint, modulus: bigint): bigint {
  return ((value % modulus) + modulus) % modulus;
}

function numberOf(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`);
}

function bytesOf(number: bigint): Buffer {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex');
}
