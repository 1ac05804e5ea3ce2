import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { composer } from './composer.js';

// v2 was written by Composer 2.8 for packages of our own; v1 is only its list, as Composer 1 writes
// it.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const path = 'var/www/vendor/composer/installed.json';
const read = (document: unknown) => composer.analyze({ path, content: Buffer.from(JSON.stringify(document)) });

describe('composer', () => {
  it.each([
    ['var/www/vendor/composer/installed.json', true],
    ['app/lib/composer/installed.json', true],
    ['composer/installed.json', true],
    ['var/www/vendor/composer/installed.php', true],
    ['var/www/vendor/composer/installed.php.bak', false],
    ['var/www/installed.json', false],
    ['var/www/my-composer/installed.json', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(composer.wants(path, new Uint8Array())).toBe(expected);
  });

  it('reads the installed packages of Composer 2, including development', () => {
    const { packages, damage } = composer.analyze({ path, content: fixture('v2.json') });
    expect(packages).toEqual([
      {
        type: 'composer',
        name: 'acme/http-client',
        version: '2.1.0',
        source: { name: 'acme/http-client', version: '2.1.0' },
        licenses: ['MIT', 'Apache-2.0'],
        foundIn: path,
      },
      expect.objectContaining({ name: 'acme/log', version: '1.4.2', licenses: ['BSD-3-Clause'] }),
      expect.objectContaining({ name: 'acme/test-kit', version: 'dev-main' }),
    ]);
    expect(damage).toBeUndefined();
  });

  it('reads the installed packages of Composer 1', () => {
    const { packages } = composer.analyze({ path, content: fixture('v1.json') });
    expect(packages?.map(({ name, version }) => `${name}@${version}`)).toEqual([
      'acme/http-client@2.1.0',
      'acme/log@1.4.2',
    ]);
  });

  it('normalizes names as Packagist does and keeps branch names', () => {
    const packages = [
      { name: 'Monolog/Monolog', version: 'V3.5.0' },
      { name: 'a/b', version: 'dev-fix/issue-1' },
      { name: 'a/c', version: 'v-next' },
    ];
    expect(read(packages).packages?.map(({ name, version }) => `${name}@${version}`)).toEqual([
      'monolog/monolog@3.5.0',
      'a/b@dev-fix/issue-1',
      'a/c@v-next',
    ]);
  });

  it('reads valid packages between invalid ones', () => {
    const packages = [
      null,
      7,
      { name: 'a/b' },
      { name: 'no-vendor', version: '1.0' },
      { name: 'a/good', version: '1.0' },
    ];
    expect(read({ packages })).toMatchObject({ packages: [{ name: 'a/good' }], damage: expect.stringMatching(/^4 /) });
  });

  // In the form of Composer 2.8.
  const generated = `<?php return array(
    'root' => array(
        'name' => 'shop/app',
        'pretty_version' => 'dev-main',
        'dev' => false,
    ),
    'versions' => array(
        'psr/log-implementation' => array(
            'dev_requirement' => false,
            'provided' => array(
                0 => '1.0',
            ),
        ),
        'shop/app' => array(
            'pretty_version' => 'dev-main',
            'version' => 'dev-main',
        ),
        'symfony/http-kernel' => array(
            'pretty_version' => 'v4.4.0',
            'version' => '4.4.0.0',
            'aliases' => array(),
        ),
    ),
);
`;

  it('reads the list that is left at run time, without the application itself', () => {
    const php = (text: string) => composer.analyze({ path: path.replace('.json', '.php'), content: Buffer.from(text) });
    expect(php(generated).packages).toMatchObject([{ name: 'symfony/http-kernel', version: '4.4.0' }]);
    expect(() => php('<?php')).toThrow(expect.objectContaining({ code: 'MALFORMED_FILE' }));
  });

  it.each([{}, 'x', { packages: {} }])('rejects %j', (document) => {
    expect(() => read(document)).toThrow(expect.objectContaining({ code: 'MALFORMED_FILE' }));
  });
});
