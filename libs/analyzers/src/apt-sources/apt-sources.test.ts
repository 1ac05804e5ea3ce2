import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { aptSources } from './apt-sources.js';

const list = 'etc/apt/sources.list';
const stanzas = 'etc/apt/sources.list.d/a.sources';
const read = (path: string, content: string | Buffer) =>
  aptSources.analyze({ path, content: Buffer.from(content) }).suites?.map(({ suite }) => suite);
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));

const stanza = (fields: Record<string, string>) =>
  Object.entries({
    ...{ Types: 'deb', URIs: 'http://ftp.debian.org/debian', Suites: 'trixie', Components: 'main' },
    ...fields,
  })
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');

describe('aptSources', () => {
  it.each([
    [list, true],
    ['etc/apt/sources.list.d/debian.sources', true],
    ['etc/apt/sources.list.d/sid.list', true],
    ['etc/apt/sources.list.d/sid.list.save', false],
    ['etc/apt/sources.list.d/ubuntu.sources.dpkg-dist', false],
    ['etc/apt/sources.list.d/a/sid.list', false],
    // Ubuntu's client reads this one to say what Pro would offer.
    ['var/lib/ubuntu-advantage/apt-esm/etc/apt/sources.list.d/ubuntu-esm-apps.sources', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(aptSources.wants(path, Buffer.alloc(0))).toBe(expected);
  });

  it('reads the files of official images', () => {
    expect(read(stanzas, fixture('debian.sources'))).toEqual(['bookworm', 'bookworm-updates', 'bookworm-security']);
    expect(read(stanzas, fixture('ubuntu-esm-infra.sources'))).toEqual(['jammy-infra-security', 'jammy-infra-updates']);
    expect(read(list, fixture('sources.list'))).toEqual([
      'jammy',
      'jammy-updates',
      'jammy-backports',
      'jammy-security',
    ]);
  });

  it.each<[string, Record<string, string>, string[] | undefined]>([
    ['several addresses', { URIs: 'https://packages.example/x http://m.example/debian/' }, ['trixie']],
    ['several lines', { Suites: 'trixie\n  sid\n\ttrixie-updates' }, ['trixie', 'sid', 'trixie-updates']],
    ['other cases', { Types: 'deb-src deb', enabled: 'yes' }, ['trixie']],
    ['sources alone', { Types: 'deb-src' }, undefined],
    ['a disabled stanza', { Enabled: 'no' }, undefined],
    [
      'a key within',
      { 'Signed-By': '\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n Suites: sid\n -----END' },
      ['trixie'],
    ],
    ['a path as suite', { Suites: './', Components: '' }, undefined],
    ['the archive of a day', { URIs: 'http://snapshot.example/archive/debian/20240904T000000Z' }, ['trixie']],
    ['a list of mirrors', { URIs: 'mirror+file:///etc/apt/mirrors/debian.list' }, ['trixie']],
    ['a vendor', { URIs: 'https://packages.microsoft.com/debian/12/prod', Suites: 'bookworm' }, undefined],
    ['a host of a like name', { URIs: 'https://notdebian.org/x', Suites: 'sid' }, undefined],
  ])('reads a stanza of %s', (_, fields, expected) => {
    expect(read(stanzas, stanza(fields))).toEqual(expected);
  });

  it('ends a stanza with an empty line, not with a comment', () => {
    const text = `${stanza({ Suites: 'trixie' }).trimEnd()}\n# more\nEnabled: no\n \n${stanza({ Suites: 'sid' })}`;
    expect(read(stanzas, text)).toEqual(['sid']);
  });

  it.each([
    ['deb http://security.debian.org/ buster/updates main\r', ['buster/updates']],
    ['deb cdrom:[Debian GNU/Linux 12.5.0]/ bookworm main', undefined],
    ['deb http://ftp.debian.org/debian sid main contrib', ['sid']],
    ['#deb http://ftp.debian.org/debian sid main', undefined],
    ['deb http://nginx.org/packages/debian bookworm nginx', undefined],
    ['deb http://ftp.debian.org/debian', undefined],
  ])('reads the line %j', (line, expected) => {
    expect(read(list, line)).toEqual(expected);
  });

  it('refuses more suites than any image has', () => {
    const many = Array.from({ length: 201 }, (_, index) => `deb http://m.example/debian a${index} main`).join('\n');
    expect(() => read(list, many)).toThrow('more than 200');
  });
});
