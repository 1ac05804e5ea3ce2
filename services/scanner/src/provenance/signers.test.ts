import { generateKeyPairSync } from 'node:crypto';

import { parseSettings, type SignerSettings } from '@tidewaiter/runtime';

import { Signers } from './signers.js';

const key = () => generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
const signersOf = (signers: SignerSettings[]) =>
  new Signers(
    Object.assign(
      parseSettings('', () => ''),
      { signers },
    ),
  );
const signers = signersOf([
  { name: 'release', repositories: ['shop/*', 'base'], key: key() },
  { name: 'shop-ci', repositories: ['shop/*'], key: key() },
]);

describe('Signers', () => {
  it.each([
    ['shop/app', ['release', 'shop-ci']],
    ['base', ['release']],
  ])('returns for %s: %j', (repository, names) => {
    expect(signers.of(repository)?.names).toEqual(names);
    expect(signers.of(repository)?.trust.keys.map(({ name }) => name)).toEqual(names);
  });

  it('returns null for a repository without signers', () => {
    expect(signers.of('workshop/app')).toBeNull();
  });

  it('has another version of a repository when one of its signers changes, and none without signers', () => {
    const [release, ci] = [key(), key()];
    const of = (...more: SignerSettings[]) =>
      signersOf([{ name: 'release', repositories: ['shop/*'], key: release }, ...more]);
    const version = of().versionOf('shop/app');
    expect(version).toMatch(/^[0-9a-f]{64}$/);
    expect(of({ name: 'ci', repositories: ['base'], key: ci }).versionOf('shop/app')).toBe(version);
    expect(of({ name: 'ci', repositories: ['*'], key: ci }).versionOf('shop/app')).not.toBe(version);
    expect(signersOf([{ name: 'release', repositories: ['shop/*'], key: ci }]).versionOf('shop/app')).not.toBe(version);
    expect(of().versionOf('base')).toBe('');
  });

  it('rejects a signer without a valid key', () => {
    expect(() => signersOf([{ name: 'x', repositories: ['*'], key: 'x' }])).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID' }),
    );
  });
});
