import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { packageTypes, type OsRelease, type PackageRecord, type PackageType } from '@tidewaiter/domain';
import { anyCharacter, describeWith, sharedData } from '@tidewaiter/testkit';
import * as fc from 'fast-check';
import { PackageURL } from 'packageurl-js';

import { purlOf } from './purl.js';

function record(type: PackageType, name: string, version: string, arch?: string): PackageRecord {
  return { type, name, version, ...(arch && { arch }), source: { name, version }, licenses: [], foundIn: 'x' };
}
const release = (id: string, versionId?: string, ...idLike: string[]): OsRelease => {
  return { id, name: id, idLike, ...(versionId && { versionId }) };
};

describe('purlOf', () => {
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
    [
      record('alpm', 'tide-gauge', '1:2.4.1-3', 'x86_64'),
      release('arch'),
      'pkg:alpm/arch/tide-gauge@1:2.4.1-3?arch=x86_64&distro=arch',
    ],
    [
      record('alpm', 'bash', '5.2-1'),
      release('manjaro', '24', 'arch'),
      'pkg:alpm/manjaro/bash@5.2-1?distro=manjaro-24',
    ],
    [record('ebuild', 'app-shells/bash', '5.2_p26-r3'), null, 'pkg:ebuild/app-shells/bash@5.2_p26-r3'],
    [
      record('opkg', 'busybox', '1.35-5'),
      release('openwrt', '22.03'),
      'pkg:opkg/openwrt/busybox@1.35-5?distro=openwrt-22.03',
    ],
    // A database of another family proves nothing about a release of this one.
    [record('deb', 'okdeb', '1.0-1', 'amd64'), release('alpine', '3.18.9'), 'pkg:deb/debian/okdeb@1.0-1?arch=amd64'],
    [record('deb', 'a', '1'), release('fedora', '40'), 'pkg:deb/debian/a@1'],
    [record('rpm', 'a', '1-1'), release('debian', '12'), 'pkg:rpm/a@1-1'],
    [
      record('rpm', 'bash', '4.4-19.6.1', 'x86_64'),
      release('sles', '15.3', 'suse'),
      'pkg:rpm/sles/bash@4.4-19.6.1?arch=x86_64&distro=sles-15.3',
    ],
    [
      record('rpm', 'openssl', '1:3.0.7-24.el9', 'x86_64'),
      release('rhel', '9.3', 'fedora'),
      'pkg:rpm/rhel/openssl@3.0.7-24.el9?arch=x86_64&distro=rhel-9.3&epoch=1',
    ],
    [
      { ...record('rpm', 'npm', '1:8-1', 'x86_64'), qualifiers: { modularity: 'nodejs:18' } },
      release('rocky', '8', 'rhel'),
      'pkg:rpm/rocky/npm@8-1?arch=x86_64&distro=rocky-8&epoch=1&modularity=nodejs:18',
    ],
    [
      record('rpm', 'curl', '8-1'),
      release('opensuse-tumbleweed', '20240823', 'opensuse', 'suse'),
      'pkg:rpm/opensuse/curl@8-1?distro=opensuse-tumbleweed-20240823',
    ],
    [
      record('apk', 'musl', '1'),
      release('postmarketos', '24.06', 'alpine'),
      'pkg:apk/postmarketos/musl@1?distro=postmarketos-24.06',
    ],
    [record('deb', 'bash', '5'), release('devuan', '4', 'debian'), 'pkg:deb/devuan/bash@5?distro=devuan-4'],
    [record('npm', '@babel/core', '7.0.0'), release('debian', '12'), 'pkg:npm/%40babel/core@7.0.0'],
    [record('npm', 'JSONStream', '1.3.5'), null, 'pkg:npm/JSONStream@1.3.5'],
    [record('maven', 'org.slf4j:slf4j-api', '2.0.9'), null, 'pkg:maven/org.slf4j/slf4j-api@2.0.9'],
    [record('maven', 'unknown.jar', '1'), null, 'pkg:maven/unknown.jar@1'],
    [record('golang', 'github.com/gorilla/mux', 'v1.8.0'), null, 'pkg:golang/github.com/gorilla/mux@v1.8.0'],
    [record('golang', 'stdlib', '1.24.3'), null, 'pkg:golang/stdlib@1.24.3'],
    [record('golang', 'example.com/x', '(devel)'), null, 'pkg:golang/example.com/x@(devel)'],
    [record('composer', 'Symfony/Console', 'v6.4.0'), null, 'pkg:composer/symfony/console@v6.4.0'],
    [record('pypi', 'Zope.Interface__Like', '5.0+local.1'), null, 'pkg:pypi/zope-interface-like@5.0%2Blocal.1'],
    [record('hex', 'Acme/Foo', '2.3'), null, 'pkg:hex/acme/foo@2.3'],
    [record('pub', 'Http-Parser', '4.0.0'), null, 'pkg:pub/http_parser@4.0.0'],
    [
      record('swift', 'github.com/Alamofire/Alamofire', '5.4.3'),
      null,
      'pkg:swift/github.com/Alamofire/Alamofire@5.4.3',
    ],
    [
      { ...record('conan', 'openssl.org/openssl', '3.0.3'), qualifiers: { user: 'bincrafters', channel: 'stable' } },
      null,
      'pkg:conan/openssl.org/openssl@3.0.3?channel=stable&user=bincrafters',
    ],
    [record('generic', 'wordpress-plugin/akismet', '5.3'), null, 'pkg:generic/wordpress-plugin/akismet@5.3'],
    [record('bitnami', 'Redis', '7.4.1-0', 'arm64'), release('debian', '12'), 'pkg:bitnami/redis@7.4.1-0?arch=arm64'],
    [record('cpan', 'GDT/URI-PackageURL', '2.20'), null, 'pkg:cpan/GDT/URI-PackageURL@2.20'],
    [record('cran', 'A3', '1.0.0'), null, 'pkg:cran/A3@1.0.0'],
    [record('luarocks', 'Hisham/LuaFileSystem', '1.8.0-1'), null, 'pkg:luarocks/hisham/luafilesystem@1.8.0-1'],
    [record('nuget', 'Newtonsoft.Json', '13.0.1'), null, 'pkg:nuget/Newtonsoft.Json@13.0.1'],
    [record('hackage', 'AC-HalfInteger', '1.2.1'), null, 'pkg:hackage/AC-HalfInteger@1.2.1'],
  ])('formats row %#: %j', (pkg, os, purl) => {
    expect(purlOf(pkg, os)).toBe(purl);
  });

  it.each(packageTypes)('formats %s packages of any name and version', (type) => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1, unit: anyCharacter }), (name, version) => {
        const text = purlOf(record(type, name, version), release('debian', '12'));
        expect(text).toMatch(/^pkg:[a-z]+\/[\w.~!*'()%:/-]+@[\w.~!*'()%:-]*(\?[\w.~!*'()%:&=-]+)?$/);
      }),
    );
  });

  it('formats any name and version so that it parses back', () => {
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

  const truths = sharedData('corpus/truth');

  interface Truth {
    os?: { id: string; version_id: string };
    packages?: { type: PackageType; name: string; version: string; arch?: string; purl: string }[];
  }

  describeWith(truths)('packages of the corpus', () => {
    it.each(readdirSync(truths.path))('formats the purls of %s', (file) => {
      const { os, packages = [] }: Truth = JSON.parse(readFileSync(join(truths.path, file), 'utf8'));
      for (const { type, name, version, arch, purl } of packages) {
        // rpm, the source of the expected purls, does not know the release; one package comes from
        // another release than its image.
        const [distro] = /distro=[^&]+/.exec(purl) ?? [];
        const [id = '', versionId] = distro?.slice('distro='.length).split('-') ?? [os?.id];
        const found = purlOf(record(type, name, version, arch), id === '' ? null : release(id, versionId));
        expect(type === 'rpm' ? found.replace(`&distro=${id}`, '') : found).toBe(purl);
      }
    });
  });
});
