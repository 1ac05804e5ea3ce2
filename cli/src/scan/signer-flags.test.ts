import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { signingAuthority } from '@tidewaiter/testkit';

import { readSigners, signerProblem } from './signer-flags.js';

const identity = { certificateIdentity: 'https://example.com/workflow', certificateOidcIssuer: 'https://example.com' };

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'tidewaiter-signers-'))));
afterEach(() => rmSync(dir, { recursive: true }));

describe('readSigners', () => {
  it.each([
    [{}, true],
    [{ key: ['a'] }, true],
    [{ ...identity, trustedRoot: 'root.json' }, true],
    [identity, false],
    [{ trustedRoot: 'root.json' }, false],
  ])('%j go together: %s', (flags, isWhole) => {
    expect(signerProblem(flags) === undefined).toBe(isWhole);
  });

  it('reads keys and roots, under the names that people gave', async () => {
    const [key, trustedRoot] = [join(dir, 'release.pub'), join(dir, 'root.json')];
    const { publicKey } = generateKeyPairSync('ed25519');
    writeFileSync(key, publicKey.export({ type: 'spki', format: 'pem' }));
    writeFileSync(trustedRoot, signingAuthority().trustedRoot);
    const trust = await readSigners({ key: [key], trustedRoot, ...identity });
    expect(trust?.keys).toMatchObject([{ name: 'release.pub' }]);
    expect(trust?.certificates).toMatchObject([{ name: 'https://example.com/workflow' }]);
  });

  it('trusts nobody in particular where nobody is named', async () => {
    expect(await readSigners({})).toBeUndefined();
  });

  it.each([
    ['a key that is none', { key: ['bad'] }, 'KEY_INVALID'],
    ['a file that is not there', { key: ['absent'] }, 'TARGET_MISSING'],
    ['a root that is none', { trustedRoot: 'bad', ...identity }, 'TRUSTED_ROOT_INVALID'],
  ])('refuses %s', async (_, { key, trustedRoot, ...flags }: { key?: string[]; trustedRoot?: string }, code) => {
    writeFileSync(join(dir, 'bad'), '{}');
    const files = {
      ...(key && { key: key.map((file) => join(dir, file)) }),
      ...(trustedRoot && { trustedRoot: join(dir, trustedRoot) }),
    };
    await expect(readSigners({ ...flags, ...files })).rejects.toMatchObject({ code });
  });
});
