import { crc32 } from 'node:zlib';

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const bech32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

/**
 * Whether a token of GitHub or npm ends in the CRC-32 of the characters after its prefix, as six
 * digits of base 62.
 * @see
 * https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
 */
export function hasTokenChecksum(value: string): boolean {
  const body = value.slice(value.indexOf('_') + 1);
  return body.length > 6 && toBase62(crc32(body.slice(0, -6))) === body.slice(-6);
}

function toBase62(value: number): string {
  let digits = '';
  for (let rest = value; rest > 0; rest = Math.floor(rest / 62)) digits = base62.charAt(rest % 62) + digits;
  return digits.padStart(6, '0');
}

/**
 * Whether the account number inside an AWS access key id is a valid one (at most twelve digits).
 */
export function hasAccountOfAws(keyId: string): boolean {
  const account = (bitsOf(keyId.slice(4, 14)) / 128n) % 2n ** 40n;
  return account > 0n && account < 1_000_000_000_000n;
}

// First 48 bits of the ten characters.
function bitsOf(text: string): bigint {
  let bits = 0n;
  for (const char of text) bits = bits * 32n + BigInt(Math.max(0, base32.indexOf(char)));
  return bits / 4n;
}

/**
 * Whether a text ends in its Bech32 checksum. @see
 * https://github.com/bitcoin/bips/blob/master/bip-0173.mediawiki "Checksum"
 */
export function hasBech32Checksum(value: string): boolean {
  const text = value.toLowerCase();
  const separator = text.lastIndexOf('1');
  const prefix = Array.from(text.slice(0, separator), (char) => char.charCodeAt(0));
  const data = Array.from(text.slice(separator + 1), (char) => bech32.indexOf(char));
  if (separator < 1 || data.includes(-1)) return false;
  return polymod([...prefix.map((code) => code >> 5), 0, ...prefix.map((code) => code & 31), ...data]) === 1;
}

const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

function polymod(values: readonly number[]): number {
  let checksum = 1;
  for (const value of values) {
    const top = checksum >>> 25;
    checksum = ((checksum & 0x1ffffff) << 5) ^ value;
    for (const [bit, generator] of generators.entries()) if ((top >>> bit) & 1) checksum ^= generator;
  }
  return checksum;
}
