import type { OsRelease, PackageRecord, PackageType } from '@tidewaiter/domain';
import * as fc from 'fast-check';
import { PackageURL } from 'packageurl-js';

import { purlOf } from './purl.js';

function record(type: PackageType, name: string, version: string, arch?: string): PackageRecord {
  return { type, name, version, ...(arch && { arch }), source: { name, version }, licenses: [], foundIn: 'x' };
}
const release = (id: string, versionId?: string, ...idLike: string[]): OsRelease => {
  return { id, name: id, idLike, ...(versionId && { versionId }) };
};

it.each<[PackageRecord, OsRelease | null, string]>([
  [
    record('deb', 'openssl', '3.0.11-1~deb12u2', 'amd64'),
    release('debian', '12'),
    'pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=amd64&distro=debian-12',
  ],
  [
    record('deb', 'libstdc++6', '1:14.2.0-19+b1', 'amd64'),
    release('debian', '13'),
    'pkg:deb/debian/libstdc%2B%2B6@1:14.2.0-19%2Bb1?arch=amd64&distro=debian-13',
  ],
  [
    record('deb', 'bash', '5.1', 'all'),
    release('ubuntu', '22.04', 'debian'),
    'pkg:deb/ubuntu/bash@5.1?arch=all&distro=ubuntu-22.04',
  ],
  [
    record('deb', 'bash', '5.1'),
    release('linuxmint', '21', 'ubuntu', 'debian'),
    'pkg:deb/linuxmint/bash@5.1?distro=linuxmint-21',
  ],
  [record('deb', 'bash', '5.1'), release('debian'), 'pkg:deb/debian/bash@5.1?distro=debian'],
  [
    record('apk', 'musl', '1.2.4-r2', 'x86_64'),
    release('alpine', '3.18.9'),
    'pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64&distro=alpine-3.18.9',
  ],
  [
    record('apk', 'musl', '1.2.4-r2'),
    release('wolfi', '20230201'),
    'pkg:apk/wolfi/musl@1.2.4-r2?distro=wolfi-20230201',
  ],
  [record('apk', 'musl', '1.2.4-r2', 'x86_64'), null, 'pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64'],
  // A database of another family says nothing about a release of this one.
  [record('deb', 'okdeb', '1.0-1', 'amd64'), release('alpine', '3.18.9'), 'pkg:deb/debian/okdeb@1.0-1?arch=amd64'],
  [record('deb', 'a', '1'), release('fedora', '40'), 'pkg:deb/debian/a@1'],
])('%#: %j', (pkg, os, purl) => {
  expect(purlOf(pkg, os)).toBe(purl);
});

it('gives every name and version a purl that reads back', () => {
  const token = fc.string({
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
    minLength: 1,
  });
  fc.assert(
    fc.property(token, token, fc.stringMatching(/^[a-z0-9_-]{1,20}$/), (name, version, arch) => {
      const read = PackageURL.fromString(purlOf(record('deb', name, version, arch), release('debian', '12')));
      expect([read.name, read.version, read.qualifiers?.['arch']]).toEqual([name.toLowerCase(), version, arch]);
    }),
  );
});
