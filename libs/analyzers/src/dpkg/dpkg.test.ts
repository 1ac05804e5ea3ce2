import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { dpkg } from './dpkg.js';

// Written by hand in the format of dpkg; none comes from an image.
const fixture = (name: string) => readFileSync(join(__dirname, 'fixtures', name));
const status = 'var/lib/dpkg/status';

describe('dpkg', () => {
  it.each([
    ['var/lib/dpkg/status', true],
    ['var/lib/dpkg/status.d/openssl', true],
    ['var/lib/dpkg/status.d/openssl.md5sums', false],
    ['var/lib/dpkg/status.d', false],
    ['var/lib/dpkg/status.d/a/b', false],
    ['var/lib/dpkg/updates/0000', true],
    ['var/lib/dpkg/updates/tmp.i', false],
    ['var/lib/dpkg/status-old', false],
    ['var/lib/dpkg/statusx', false],
    ['x/var/lib/dpkg/status', false],
    ['var/lib/dpkg/status\n', false],
  ])('decides whether to read %j: %s', (path, expected) => {
    expect(dpkg.wants(path, Buffer.alloc(0))).toBe(expected);
  });

  it('separates packages at lines that end in a carriage return', () => {
    const content = Buffer.from('Package: a\r\nVersion: 1\r\n\r\nPackage: b\r\nVersion: 2\r\n');
    const { packages } = dpkg.analyze({ path: status, content });
    expect(packages?.map(({ name, version }) => `${name} ${version}`)).toEqual(['a 1', 'b 2']);
  });

  it('reads packages on the disk, with their source', () => {
    const { packages, damage } = dpkg.analyze({ path: status, content: fixture('status') });
    expect(
      packages?.map(({ name, version, arch, source }) => [name, version, arch, `${source.name} ${source.version}`]),
    ).toEqual([
      ['libc6', '2.36-9+deb12u8', 'amd64', 'glibc 2.36-9+deb12u8'],
      ['bash', '5.2.15-2+b7', 'amd64', 'bash 5.2.15-2'],
      ['apt', '1:2.6.1', 'amd64', 'apt 1:2.6.1'],
      ['half', '1.0', 'all', 'half 1.0'],
      ['unpacked', '1.1', undefined, 'unpacked 1.1'],
    ]);
    expect(packages?.[0]).toMatchObject({ type: 'deb', licenses: [], foundIn: status });
    expect(damage).toBeUndefined();
  });

  it('reads configuration files with their original digests', () => {
    expect(dpkg.analyze({ path: status, content: fixture('status') }).owned).toEqual([
      {
        type: 'deb',
        package: 'libc6',
        files: [
          {
            path: 'etc/ld.so.conf.d/x86_64-linux-gnu.conf',
            role: 'config',
            digest: 'md5:d4e7a7b88a71b5ffd9e2644e71a0cfab',
          },
        ],
      },
    ]);
  });

  it.each([
    [
      ' /etc/a b 0123456789abcdef0123456789abcdef',
      [{ path: 'etc/a b', role: 'config', digest: 'md5:0123456789abcdef0123456789abcdef' }],
    ],
    [' /etc/a newconffile', [{ path: 'etc/a', role: 'config' }]],
    [' /etc/a newconffile remove-on-upgrade', [{ path: 'etc/a', role: 'config' }]],
    [
      ' /etc/a 0123456789abcdef0123456789abcdef obsolete',
      [{ path: 'etc/a', role: 'config', digest: 'md5:0123456789abcdef0123456789abcdef' }],
    ],
    [' /etc/../../a newconffile', undefined],
    [' /etc/a', undefined],
    [' etc/a newconffile', undefined],
    ['Description: x\n /etc/a newconffile', undefined],
  ])('parses the entry %j', (entry, files) => {
    const content = Buffer.from(`Package: a\nVersion: 1\nConffiles:\n${entry}\n`);
    expect(dpkg.analyze({ path: status, content }).owned?.[0]?.files).toEqual(files);
  });

  it.each([
    ['16.1-1.pgdg120+1', true],
    ['18.19.0-1nodesource1', true],
    ['1.25.3-1~bookworm', true],
    ['6:7.2.4-1rl1~jammy1', true],
    ['3.0.15-1~deb12u1', false],
    ['1.2-3~bpo12+1', false],
    ['17.0.9+9-1~22.04', false],
    ['2.4.57-2ubuntu2.4', false],
  ])('decides for the version %s whether a third party built it: %s', (version, expected) => {
    const team = 'Debian PostgreSQL Maintainers <team+postgresql@tracker.debian.org>';
    const content = Buffer.from(`Package: a\nVersion: ${version}\nMaintainer: ${team}\n`);
    expect(dpkg.analyze({ path: status, content }).packages?.[0]?.isThirdParty).toBe(expected || undefined);
  });

  it.each([
    ['Maintainer: Docker <support@docker.com>', true],
    ['Maintainer: Kubernetes Authors <dev@kubernetes.io>', true],
    ['Maintainer: Someone <x@security.grafana.com>', true],
    ['Maintainer: GitLab, Inc. <support@gitlab.com>\nLicense: MIT', true],
    ['Maintainer: none\nVendor: Acme', true],
    ['Origin: Acme Artifacts', true],
    ['Origin: Ubuntu\nMaintainer: Somebody <x@docker.com>', false],
    ['Maintainer: Debian Go Packaging Team <team+pkg-go@tracker.debian.org>', false],
    ["Maintainer: Marco d'Itri <md@linux.it>", false],
    ['Maintainer: Somebody <x@notdocker.com>', false],
    ['Description: x\n Vendor: y', false],
  ])('decides for %j whether a third party built it: %s', (fields, expected) => {
    const content = Buffer.from(`Package: a\nVersion: 1\n${fields}\n`);
    const record = { type: 'deb', package: 'a', files: [], isThirdParty: true };
    const { owned, packages } = dpkg.analyze({ path: status, content });
    expect(owned).toEqual(expected ? [record] : []);
    expect(packages?.[0]?.isThirdParty).toBe(expected || undefined);
  });

  it('reads a package of a distroless image', () => {
    const path = 'var/lib/dpkg/status.d/openssl';
    const { packages } = dpkg.analyze({ path, content: fixture('status.d-openssl') });
    expect(packages).toMatchObject([{ name: 'openssl', version: '3.0.11-1~deb12u2', foundIn: path }]);
  });

  it('reads valid records between broken ones and counts the broken ones', () => {
    const { packages, damage } = dpkg.analyze({ path: status, content: fixture('broken-status') });
    expect(packages).toMatchObject([{ name: 'good', version: '1.0-1' }]);
    expect(damage).toBe('5 records without a usable name, version or status');
  });

  it.each(['glibc (2.36', 'two words', '(1.0)', ''])(
    'uses the package as its own source if the source is %j',
    (source) => {
      const content = Buffer.from(`Package: a\nVersion: 1\nSource: ${source}\n`);
      expect(dpkg.analyze({ path: status, content }).packages?.[0]?.source).toEqual({ name: 'a', version: '1' });
    },
  );

  it.each([' ', '\t', '\u000b', '#'])(
    'reads both packages around a line of %j, which tools read differently',
    (line) => {
      const content = Buffer.from(`Package: a\nVersion: 1\n${line}\nPackage: b\nVersion: 2\n`);
      expect(dpkg.analyze({ path: status, content }).packages).toMatchObject([{ name: 'a' }, { name: 'b' }]);
    },
  );

  it('takes linear time and memory', () => {
    const content = Buffer.from(
      `Package: b\nVersion: 1\nDescription: ${'x'.repeat(5 << 20)}\n${'Package: a\n'.repeat(1 << 19)}${'\n'.repeat(5 << 20)}`,
    );
    expect(dpkg.analyze({ path: status, content }).packages).toMatchObject([{ name: 'b', version: '1' }]);
  });
});
