import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { anyCharacter } from '@tidewaiter/testkit';
import * as fc from 'fast-check';

import { dpkgFiles } from './dpkg-files.js';

// From Debian's package netbase 6.5; the list as dpkg writes it at installation.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const info = 'var/lib/dpkg/info';
const read = (path: string, content: string | Buffer) => dpkgFiles.analyze({ path, content: Buffer.from(content) });

describe('dpkgFiles', () => {
  it.each([
    ['var/lib/dpkg/info/netbase.list', true],
    ['var/lib/dpkg/info/libc6:amd64.md5sums', true],
    ['var/lib/dpkg/info/python3.11.conffiles', true],
    ['var/lib/dpkg/status.d/openssl.md5sums', true],
    ['var/lib/dpkg/status.d/openssl', false],
    ['var/lib/dpkg/status.d/openssl.list', false],
    ['var/lib/dpkg/info/netbase.postinst', false],
    ['var/lib/dpkg/info/a/b.list', false],
    ['x/var/lib/dpkg/info/netbase.list', false],
    ['var/lib/dpkg/info/.list', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(dpkgFiles.wants(path, Buffer.alloc(0))).toBe(expected);
  });

  it('lists files without their directories', () => {
    expect(read(`${info}/netbase.list`, fixture('netbase.list'))).toEqual({
      owned: [
        {
          type: 'deb',
          package: 'netbase',
          files: [
            { path: 'etc/ethertypes' },
            { path: 'etc/protocols' },
            { path: 'etc/rpc' },
            { path: 'etc/services' },
            { path: 'usr/share/doc/netbase/changelog.gz', role: 'documentation' },
            { path: 'usr/share/doc/netbase/copyright', role: 'documentation' },
          ],
        },
      ],
    });
  });

  it('reads digests', () => {
    expect(read(`${info}/netbase.md5sums`, fixture('netbase.md5sums')).owned?.[0]?.files).toEqual([
      {
        path: 'usr/share/doc/netbase/changelog.gz',
        digest: 'md5:fe47c7bb6cdfe35fc04e83338f3b915c',
        role: 'documentation',
      },
      {
        path: 'usr/share/doc/netbase/copyright',
        digest: 'md5:78dd2c7c6f487348e4a0092c17a19d42',
        role: 'documentation',
      },
    ]);
  });

  it('marks configuration files', () => {
    const { owned } = read(
      `${info}/netbase:all.conffiles`,
      `${fixture('netbase.conffiles').toString()}remove-on-upgrade /etc/old\n`,
    );
    expect(owned?.map((each) => each.package)).toEqual(['netbase']);
    expect(owned?.[0]?.files).toHaveLength(4);
    expect(owned?.[0]?.files[0]).toEqual({ path: 'etc/ethertypes', role: 'config' });
  });

  it('reads the digests of a distroless image', () => {
    const { owned } = read('var/lib/dpkg/status.d/libssl3.md5sums', `${'0'.repeat(32)}  ./usr/lib/libssl.so.3\n`);
    expect(owned).toEqual([
      { type: 'deb', package: 'libssl3', files: [{ path: 'usr/lib/libssl.so.3', digest: `md5:${'0'.repeat(32)}` }] },
    ]);
  });

  it('counts lines without a file name', () => {
    expect(read(`${info}/a.md5sums`, `x\n${'0'.repeat(32)}  usr/../../x\n${'0'.repeat(32)}  usr/x\n`)).toEqual({
      owned: [{ type: 'deb', package: 'a', files: [{ path: 'usr/x', digest: `md5:${'0'.repeat(32)}` }] }],
      damage: '2 lines that name no file',
    });
    expect(read(`${info}/a.list`, 'usr/x\n').damage).toBe('1 lines that name no file');
  });

  it('returns nothing for empty files', () => {
    expect(read(`${info}/a.list`, '/.\n')).toEqual({ owned: [] });
    expect(read(`${info}/a.md5sums`, '')).toEqual({ owned: [] });
  });

  it.each(['list', 'md5sums', 'conffiles'])('parses any bytes as %s', (kind) => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: anyCharacter })), (lines) => {
        const { owned = [] } = read(`${info}/a.${kind}`, lines.join('\n'));
        for (const { path } of owned.flatMap((each) => each.files)) expect(path).not.toMatch(/^\/|(^|\/)\.\.?(\/|$)/);
      }),
    );
  });
});
