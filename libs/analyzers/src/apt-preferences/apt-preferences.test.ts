import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { aptPreferences } from './apt-preferences.js';

const read = (content: string | Buffer) =>
  aptPreferences.analyze({ path: 'etc/apt/preferences', content: Buffer.from(content) }).pins;

describe('aptPreferences', () => {
  it.each([
    ['etc/apt/preferences', true],
    ['etc/apt/preferences.d/sid', true],
    ['etc/apt/preferences.d/99-sid.pref', true],
    ['etc/apt/preferences.d/sid.pref.save', false],
    ['etc/apt/preferences.d/sid.list', false],
    ['etc/apt/preferences.d/a/sid', false],
    ['srv/etc/apt/preferences', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(aptPreferences.wants(path, Buffer.alloc(0))).toBe(expected);
  });

  it('reads pins of releases in their order', () => {
    expect(read(readFileSync(join(__dirname, 'fixtures/preferences')))).toEqual([
      { packages: ['*'], release: ['o=Debian', 'a=unstable'], priority: -10 },
      { packages: ['curl', 'libcurl*'], release: ['n=sid'], priority: 990 },
    ]);
  });

  it.each([
    [
      'Package: *\r\nPin: release trixie\r\nPin-Priority: 1001\r\n',
      [{ packages: ['*'], release: ['trixie'], priority: 1001 }],
    ],
    [
      'package: a\n b\npin: release a = sid , c=main\npin-priority: +5',
      [{ packages: ['a', 'b'], release: ['a=sid', 'c=main'], priority: 5 }],
    ],
    [
      'Package: src:curl libssl3:amd64 /^x/\nPin: release a=sid\nPin-Priority: 5',
      [{ packages: ['src:curl', 'libssl3:amd64'], release: ['a=sid'], priority: 5 }],
    ],
    ['Package: *\nPin: origin "apt.example.org"\nPin-Priority: 900', undefined],
    ['Package: curl\nPin: version 8.*\nPin-Priority: 900', undefined],
    ['Package: *\nPin: release a=sid\nPin-Priority: 0', undefined],
    ['Package: *\nPin: release a=sid\n\nPin-Priority: -1', undefined],
    ['Package: /^curl$/\nPin: release a=sid\nPin-Priority: -1', undefined],
    ['# Package: *\n', undefined],
    ['', undefined],
  ])('reads %j', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it('refuses more pins than any image has', () => {
    expect(() => read('Package: *\nPin: release a=sid\nPin-Priority: 5\n\n'.repeat(101))).toThrow('more than 100');
  });
});
