import { generateKeyPairSync } from 'node:crypto';

import { signingAuthority } from '@tidewaiter/testkit';

import { readTrust } from './trust.js';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const identity = { identity: 'https://example.com/workflow', issuer: 'https://example.com' };

describe('readTrust', () => {
  it('reads the key of a certificate', () => {
    const { pem } = signingAuthority().issue({
      ...identity,
      from: '2026-01-01T00:00:00Z',
      until: '2027-01-01T00:00:00Z',
    });
    expect(readTrust([{ name: 'ci', key: pem }]).keys).toMatchObject([{ name: 'ci' }]);
  });

  it.each([
    ['a private key', privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), /private key/],
    ['no PEM', 'AAAA', /no public key/],
    [
      'a key that signs nothing',
      generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      /x25519/,
    ],
  ])('rejects %s', (_, key, message) => {
    expect(() => readTrust([{ name: 'ci', key }])).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID', message: expect.stringMatching(message) }),
    );
  });

  it.each(['', '{', '{}', '[]', '{"certificateAuthorities":[{}]}'])('rejects the trusted root %j', (trustedRoot) => {
    expect(() => readTrust([{ name: 'ci', ...identity, trustedRoot }])).toThrow(
      expect.objectContaining({ code: 'TRUSTED_ROOT_INVALID' }),
    );
  });
});
