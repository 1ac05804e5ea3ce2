import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { anyCharacter } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { wordpress } from './wordpress.js';

// Written by hand from the files of WordPress 6.4 and the headers in its handbook.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const packagesOf = (path: string, content: string | Buffer) =>
  wordpress.analyze({ path, content: Buffer.from(content) }).packages?.map(({ name, version }) => `${name} ${version}`);

describe('wordpress', () => {
  it.each([
    ['var/www/html/wp-includes/version.php', true],
    ['wp-includes/version.php', true],
    ['srv/wp-content/plugins/akismet/akismet.php', true],
    ['srv/wp-content/plugins/hello.php', true],
    ['srv/wp-content/themes/twentytwenty/style.css', true],
    ['xwp-includes/version.php', false],
    ['srv/wp-content/plugins/akismet/views/a.php', false],
    ['srv/wp-content/plugins/akismet/readme.txt', false],
    ['srv/wp-content/themes/a/assets/style.css', false],
    ['srv/my-wp-content/plugins/a/a.php', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(wordpress.wants(path, Buffer.alloc(0))).toBe(expected);
  });

  it('reads WordPress', () => {
    const path = 'var/www/html/wp-includes/version.php';
    expect(wordpress.analyze({ path, content: fixture('version.php') })).toEqual({
      packages: [
        {
          type: 'generic',
          name: 'wordpress',
          version: '6.4.2',
          source: { name: 'wordpress', version: '6.4.2' },
          licenses: [],
          foundIn: path,
        },
      ],
    });
  });

  it('reads plugins and themes by their folder', () => {
    const path = 'srv/wp-content/plugins/sample-forms/wp-forms.php';
    expect(wordpress.analyze({ path, content: fixture('plugin.php') }).packages).toMatchObject([
      {
        type: 'generic',
        name: 'wordpress-plugin/sample-forms',
        version: '5.3.1',
        licenses: ['GPLv2 or later'],
        foundIn: path,
      },
    ]);
    expect(packagesOf('srv/wp-content/plugins/hello.php', fixture('plugin.php'))).toEqual([
      'wordpress-plugin/hello 5.3.1',
    ]);
    expect(packagesOf('srv/wp-content/themes/sample/style.css', fixture('style.css'))).toEqual([
      'wordpress-theme/sample 1.7',
    ]);
  });

  it.each([
    ['srv/wp-content/plugins/a/index.php', '<?php // Silence is golden.'],
    ['srv/wp-content/plugins/a/a.php', '/*\nVersion: 1.0\n*/'],
    ['srv/wp-content/plugins/a/a.php', '/*\nPlugin Name: a\n*/'],
    ['srv/wp-content/plugins/a/a.php', '/*\nPlugin Name: a\nVersion: {{ version here }}\n*/'],
    ['srv/wp-content/plugins/a b/a.php', '/*\nPlugin Name: a\nVersion: 1\n*/'],
    ['srv/wp-content/plugins/a/a.php', `${' '.repeat(9_000)}\n/*\nPlugin Name: a\nVersion: 1\n*/`],
    ['srv/wp-content/themes/a/style.css', '/*\nPlugin Name: a\nVersion: 1\n*/'],
    ['srv/wp-includes/version.php', '<?php $wp_version = get_version();'],
  ])('finds nothing in %s: %.30j', (path, text) => {
    expect(packagesOf(path, text)).toBeUndefined();
  });

  it('reads a header with the line ends of any system', () => {
    const path = 'srv/wp-content/plugins/a/a.php';
    expect(packagesOf(path, '<?php\r\n/* Plugin Name: a */\r\n// Version: 1.2 */ ?>\r\n')).toEqual([
      'wordpress-plugin/a 1.2',
    ]);
    expect(packagesOf(path, '/*\r * Plugin Name: a\r * Version: 1.2\r */')).toEqual(['wordpress-plugin/a 1.2']);
  });

  it('accepts any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), (text) => {
        const found = packagesOf('wp-content/plugins/a/a.php', `Plugin Name: a\nVersion: ${text}`);
        expect(found === undefined || /^wordpress-plugin\/a [!-~]+$/.test(found[0] ?? '')).toBe(true);
      }),
    );
  });
});
