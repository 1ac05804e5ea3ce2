import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { apk } from './apk.js';

// Written by hand after the format of apk-tools; none comes from an image.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const installed = 'lib/apk/db/installed';

it.each([
  ['lib/apk/db/installed', true],
  ['usr/lib/apk/db/installed', true],
  ['var/lib/apk/db/installed', false],
  ['lib/apk/db/installed.new', false],
  ['lib/apk/db/scripts.tar', false],
])('wants %j: %s', (path, expected) => {
  expect(apk.wants(path)).toBe(expected);
});

it('reads packages with origin and licence', () => {
  expect(apk.analyze({ path: installed, content: fixture('installed') })).toEqual({
    packages: [
      {
        type: 'apk',
        name: 'ssl_client',
        version: '1.36.1-r7',
        arch: 'x86_64',
        source: { name: 'busybox', version: '1.36.1-r7' },
        licenses: ['GPL-2.0-only'],
        foundIn: installed,
      },
      {
        type: 'apk',
        name: 'musl',
        version: '1.2.4-r2',
        arch: 'x86_64',
        source: { name: 'musl', version: '1.2.4-r2' },
        licenses: ['MIT AND BSD-2-Clause'],
        foundIn: installed,
      },
      {
        type: 'apk',
        name: '.build-deps',
        version: '20240101.120000',
        arch: 'noarch',
        source: { name: '.build-deps', version: '20240101.120000' },
        licenses: [],
        foundIn: installed,
      },
    ],
  });
});

it('reads the good records between broken ones and says how many are lost', () => {
  const { packages, damage } = apk.analyze({ path: installed, content: fixture('broken-installed') });
  expect(packages).toMatchObject([{ name: 'good', version: '1.0-r0', arch: 'aarch64' }]);
  expect(damage).toBe('3 records without a usable name, version or status');
});

it.each(['P:a b\nV:1\n', 'P:a\u001b[2J\nV:1\n', `P:a\nV:${'9'.repeat(2_000)}\n`, '\0'.repeat(1_000)])(
  'counts %.10j as unreadable',
  (text) => {
    expect(apk.analyze({ path: installed, content: Buffer.from(text) })).toMatchObject({
      packages: [],
      damage: expect.stringMatching(/^1 /),
    });
  },
);
