import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { apk } from './apk.js';

// Written by hand in the format of apk-tools; none comes from an image.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const installed = 'lib/apk/db/installed';

describe('apk', () => {
  it.each([
    ['lib/apk/db/installed', true],
    ['usr/lib/apk/db/installed', true],
    ['var/lib/apk/db/installed', false],
    ['lib/apk/db/installed.new', false],
    ['lib/apk/db/scripts.tar', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(apk.wants(path, Buffer.alloc(0))).toBe(expected);
  });

  it('reads packages with origin and license', () => {
    expect(apk.analyze({ path: installed, content: fixture('installed') })).toEqual({
      owned: expect.any(Array),
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

  it('reads files with digest and mode', () => {
    expect(apk.analyze({ path: installed, content: fixture('installed') }).owned).toEqual([
      {
        type: 'apk',
        package: 'ssl_client',
        files: [{ path: 'usr/bin/ssl_client', mode: 0o755, digest: 'sha1:7f8816ddfdafe261a4436986f12bf49c38169b40' }],
      },
      { type: 'apk', package: 'musl', files: [{ path: 'lib/ld-musl-x86_64.so.1', mode: 0o644 }] },
    ]);
  });

  const sha256 = Buffer.alloc(32, 0xab);
  it.each([
    ['F:etc\nR:motd\n', [{ path: 'etc/motd', role: 'config', mode: 0o644 }]],
    ['F:etc/init.d\nR:x\na:0:0:4755:Q1abc=\n', [{ path: 'etc/init.d/x', mode: 0o4755 }]],
    ['F:usr/share/doc/a\nR:x\n', [{ path: 'usr/share/doc/a/x', role: 'documentation', mode: 0o644 }]],
    ['F:\nR:x\n', [{ path: 'x', mode: 0o644 }]],
    [
      `F:b\nR:x\nZ:Q2${sha256.toString('base64')}\n`,
      [{ path: 'b/x', mode: 0o644, digest: `sha256:${sha256.toString('hex')}` }],
    ],
    ['F:b\nR:x\nZ:Q1####\na:0:0:99999\n', [{ path: 'b/x', mode: 0o644 }]],
    ['F:b\nM:0:0:1777\n', undefined],
    ['F:b\nR:../x\nZ:Q1SLkS9hBidUbPwwrw+XR0Whv3ww8=\n', undefined],
    ['Z:Q1SLkS9hBidUbPwwrw+XR0Whv3ww8=\na:0:0:755\n', undefined],
  ])('reads the files of %j', (text, files) => {
    const content = Buffer.from(`P:a\nV:1\n${text}\n`);
    expect(apk.analyze({ path: installed, content }).owned?.[0]?.files).toEqual(files);
  });

  it('skips the files of a package without a name', () => {
    const content = Buffer.from('P:a b\nV:1\nF:usr\nR:x\n\nF:usr\nR:y\n');
    expect(apk.analyze({ path: installed, content }).owned).toEqual([]);
  });

  it('stops at a directory that is repeated without end', () => {
    const content = Buffer.from(`P:a\nV:1\nF:${'d/'.repeat(2_000)}\n${'R:x\n'.repeat(40_000)}`);
    expect(() => apk.analyze({ path: installed, content })).toThrow(
      expect.objectContaining({ limit: 'maxPathCharacters' }),
    );
  });

  it('reads valid records between broken ones and counts the broken ones', () => {
    const { packages, damage } = apk.analyze({ path: installed, content: fixture('broken-installed') });
    expect(packages).toMatchObject([{ name: 'good', version: '1.0-r0', arch: 'aarch64' }]);
    expect(damage).toBe('3 records without a usable name, version or status');
  });

  it.each([' ', 'x', '\t'])('reads both packages around a line of %j, with which apk ends the first', (line) => {
    const content = Buffer.from(`P:a\nV:1\n${line}\nP:b\nV:2\n`);
    expect(apk.analyze({ path: installed, content }).packages).toMatchObject([{ name: 'a' }, { name: 'b' }]);
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
});
