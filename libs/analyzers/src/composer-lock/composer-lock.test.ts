import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { composerLock } from './composer-lock.js';

const path = 'var/www/composer.lock';

describe('composerLock', () => {
  it.each([
    ['composer.lock', true],
    ['var/www/composer.lock', true],
    ['var/www/vendor/acme/log/composer.lock', false],
    ['var/www/composer.lock~', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(composerLock.wants(path, new Uint8Array())).toBe(expected);
  });

  it('reads runtime packages', () => {
    // Written by Composer 2.8 for packages of our own, of which acme/test-kit is for development.
    const content = readFileSync(join(__dirname, 'fixtures/composer.lock'));
    const { packages } = composerLock.analyze({ path, content });
    expect(packages).toMatchObject([
      { name: 'acme/http-client', version: '2.1.0', licenses: ['MIT', 'Apache-2.0'], isDeclared: true, foundIn: path },
      { name: 'acme/log', version: '1.4.2', licenses: ['BSD-3-Clause'], isDeclared: true },
    ]);
    expect(packages).toHaveLength(2);
  });

  it.each(['{}', '[]', '{"packages": {}}', 'x'])('rejects %j', (text) => {
    expect(() => composerLock.analyze({ path, content: Buffer.from(text) })).toThrow(
      expect.objectContaining({ code: 'MALFORMED_FILE' }),
    );
  });
});
