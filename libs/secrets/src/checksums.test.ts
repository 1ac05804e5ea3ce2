import { crc32 } from 'node:zlib';

import { hasAccountOfAws, hasBech32Checksum, hasTokenChecksum } from './checksums.js';
import { spelt } from './rules/fake.js';

const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

describe('hasTokenChecksum, hasBech32Checksum and hasAccountOfAws', () => {
  it('verify the checksum of a token', () => {
    const body = 'Zk3vQm0aXy9LrT5uWb2cNd8eGf4hJi';
    let rest = crc32(body);
    let digits = '';
    while (digits.length < 6) [digits, rest] = [base62.charAt(rest % 62) + digits, Math.floor(rest / 62)];
    expect(hasTokenChecksum(`ghp_${body}${digits}`)).toBe(true);
    expect(hasTokenChecksum(`ghp_${body.replace('Z', 'z')}${digits}`)).toBe(false);
    expect(hasTokenChecksum(`npm_${body}000000`)).toBe(false);
    expect(hasTokenChecksum('ghp_')).toBe(false);
  });

  // Test vectors of BIP 173, "Test vectors": valid and invalid.
  it.each([
    ['A12UEL5L', true],
    ['abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw', true],
    ['split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w', true],
    ['split1cheo2y9e2w', false],
    ['A1G7SGD8', false],
    ['pzry9x0s0muk', false],
  ])('verify Bech32 of %s', (text, expected) => {
    expect(hasBech32Checksum(text)).toBe(expected);
  });

  // The account number of ASIAQNZGKIQY56JQ7WML is 029608264753: research of Aidan Steele and Tal
  // Be'ery on the format.
  it('accept key ids whose account AWS can have issued', () => {
    expect(hasAccountOfAws(spelt('ASIA', 'QNZGKIQY56JQ7WML'))).toBe(true);
    expect(hasAccountOfAws(spelt('AKIA', '7777777777777777'))).toBe(false);
  });
});
