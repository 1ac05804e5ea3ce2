import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

import * as fc from 'fast-check';

import { recoveredKeys } from './recovered-keys.js';

const pairOf = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const fingerprintOf = (key: KeyObject) =>
  `sha256:${createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')}`;

describe('recoveredKeys', () => {
  it('returns two keys, one of which made the signature, for any message', () => {
    const [one, other] = [pairOf('prime256v1'), pairOf('prime256v1')];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const message = Buffer.from(bytes);
        const keys = recoveredKeys(message, sign('sha256', message, one.privateKey));
        expect(keys).toHaveLength(2);
        expect(keys).toContain(fingerprintOf(one.publicKey));
        expect(keys).not.toContain(fingerprintOf(other.publicKey));
      }),
      { numRuns: 30 },
    );
  });

  it('returns one common key for two signatures of one key', () => {
    const { privateKey, publicKey } = pairOf('prime256v1');
    const [a, b] = ['release 1', 'release 2'].map((text) => {
      const message = Buffer.from(text);
      return new Set(recoveredKeys(message, sign('sha256', message, privateKey)));
    });
    expect([...a!.intersection(b!)]).toEqual([fingerprintOf(publicKey)]);
  });

  it('does not return the key for another message', () => {
    const { privateKey, publicKey } = pairOf('prime256v1');
    const signature = sign('sha256', Buffer.from('a'), privateKey);
    expect(recoveredKeys(Buffer.from('b'), signature)).not.toContain(fingerprintOf(publicKey));
  });

  const message = Buffer.from('m');
  const ed25519 = generateKeyPairSync('ed25519').privateKey;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  const p256 = sign('sha256', message, pairOf('prime256v1').privateKey);
  it.each([
    ['nothing', Buffer.alloc(0)],
    ['an Ed25519 signature', sign(null, message, ed25519)],
    ['an RSA signature', sign('sha256', message, rsa)],
    ['a signature on P-384', sign('sha384', message, pairOf('secp384r1').privateKey)],
    ['a signature that is cut short', p256.subarray(0, -1)],
    ['a signature with more behind it', Buffer.concat([p256, Buffer.of(0)])],
    ['zeros', Buffer.from('3006020100020100', 'hex')],
    ['numbers without digits', Buffer.from('300402000200', 'hex')],
    ['numbers beyond the group', Buffer.from(`3044${`0220${'ff'.repeat(32)}`.repeat(2)}`, 'hex')],
  ])('returns nothing for %s', (_, signature) => {
    expect(recoveredKeys(message, signature)).toEqual([]);
  });

  it('accepts any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(recoveredKeys(message, Buffer.from(bytes)).length).toBeLessThanOrEqual(2);
      }),
    );
  });
});
