import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { MalformedFile } from '@tidewaiter/domain';
import { unexpectedErrors } from '@tidewaiter/testkit';

import { perl } from './perl.js';

// Files that cpanm 1.7 and MakeMaker 7.70 wrote (packlist without DESTDIR) for a distribution made
// for this test.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const arch = 'usr/local/lib/x86_64-linux-gnu/perl/5.40.1';
const meta = `${arch}/.meta/Tide-Gauge-1.02`;
const read = (path: string, content: string | Buffer) => perl.analyze({ path, content: Buffer.from(content) });

describe('perl', () => {
  it.each([
    [`${meta}/install.json`, true],
    [`${meta}/MYMETA.json`, true],
    [`${meta}/x/install.json`, false],
    ['root/.cpanm/work/1.2/Tide-Gauge-1.02/MYMETA.json', false],
    [`${arch}/perllocal.pod`, true],
    [`${arch}/auto/Tide/Gauge/.packlist`, true],
    [`${arch}/.packlist`, false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(perl.wants(path, Buffer.alloc(0))).toBe(expected);
  });

  it.each([
    [`${meta}/install.json`, 'install.json', []],
    [`${meta}/MYMETA.json`, 'MYMETA.json', ['perl_5']],
    [`${arch}/perllocal.pod`, 'perllocal.pod', []],
  ])('parses %s', (path, file, licenses) => {
    const version = '1.02';
    expect(read(path, fixture(file))).toEqual({
      packages: [
        { type: 'cpan', name: 'Tide-Gauge', version, source: { name: 'Tide-Gauge', version }, licenses, foundIn: path },
      ],
    });
  });

  it('reads the files of a packlist', () => {
    const path = `${arch}/auto/Tide/Gauge/.packlist`;
    const lines =
      '/usr/local/bin/gauge type=link from=/opt/a b=c\n\nrelative\n/..\n/usr/local/man/man3/Tide::Gauge.3pm type=file\n';
    const { owned, damage } = read(path, Buffer.concat([fixture('packlist'), Buffer.from(lines)]));
    expect(damage).toBe('1 entries without a usable path');
    expect(owned).toEqual([
      {
        type: 'cpan',
        package: 'Tide-Gauge',
        files: [
          { path: 'usr/local/share/perl/5.40.1/Tide/Gauge.pm' },
          { path: 'usr/local/bin/gauge' },
          { path: 'usr/local/man/man3/Tide::Gauge.3pm' },
        ],
      },
    ]);
  });

  it.each([
    ['Tide-Gauge-v1.2.3', 'Tide-Gauge v1.2.3'],
    ['Tide-Gauge-1.03-TRIAL', 'Tide-Gauge 1.03'],
    ['libwww-perl-6.77', 'libwww-perl 6.77'],
    [undefined, 'Tide-Gauge-Main 2.0'],
  ])('reports the distribution %j as package, not its main module', (dist, expected) => {
    const { packages } = read(
      `${meta}/install.json`,
      JSON.stringify({ dist, name: 'Tide::Gauge::Main', version: '2.0' }),
    );
    expect(packages?.map(({ name, version }) => `${name} ${version}`)).toEqual([expected]);
  });

  it('uses the last installation of a module', () => {
    const pod = fixture('perllocal.pod').toString();
    const text = `${pod}${pod.replace('VERSION: 1.02', 'VERSION: 1.03')}${pod.replaceAll('Tide::Gauge', 'DBI')}`;
    const { packages } = read(`${arch}/perllocal.pod`, text);
    expect(packages?.map(({ name, version }) => `${name} ${version}`)).toEqual(['Tide-Gauge 1.03', 'DBI 1.02']);
  });

  it('takes linear time for the file', () => {
    const path = `${arch}/auto/Tide/Gauge/.packlist`;
    expect(read(path, `/a${' a'.repeat(1 << 20)}\n/b`).owned).toMatchObject([{ files: [{ path: 'b' }] }]);
  });

  it.each(['{}', '{"name": "a"}', '{"dist": 1, "name": [], "version": "1"}'])('reports %j as damaged', (text) => {
    for (const file of ['install.json', 'MYMETA.json']) expect(read(`${meta}/${file}`, text).damage).toBeDefined();
  });

  it('throws only its own errors for damaged files', () => {
    expect(() => read(`${meta}/install.json`, '{')).toThrow(MalformedFile);
    const files = [
      { path: `${meta}/install.json`, content: fixture('install.json') },
      { path: `${meta}/MYMETA.json`, content: fixture('MYMETA.json') },
      { path: `${arch}/perllocal.pod`, content: fixture('perllocal.pod') },
      { path: `${arch}/auto/Tide/Gauge/.packlist`, content: fixture('packlist') },
    ];
    expect(files.flatMap((file) => unexpectedErrors(perl, file))).toEqual([]);
  });
});
