import { packageTypes, type PackageType } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { recordOfPurl } from './purl-record.js';
import { purlOf } from './purl.js';

const foundIn = 'bom.json';

describe('recordOfPurl', () => {
  it.each([
    ['pkg:npm/%40babel/core@7.0.0', { type: 'npm', name: '@babel/core', version: '7.0.0' }],
    ['pkg:npm/@babel/core@7.0.0', { type: 'npm', name: '@babel/core', version: '7.0.0' }],
    ['pkg:npm/%40babel%2Fcore@7.0.0', { type: 'npm', name: '@babel/core', version: '7.0.0' }],
    ['pkg:maven/org.slf4j%2Fslf4j-api@2.0.9', { name: 'org.slf4j:slf4j-api' }],
    ['pkg:maven/org.slf4j:slf4j-api@2.0.9', { name: 'org.slf4j:slf4j-api' }],
    ['pkg://maven/org.slf4j/slf4j-api@2.0.9?type=jar', { name: 'org.slf4j:slf4j-api', qualifiers: { type: 'jar' } }],
    [
      'PKG:Golang/github.com/gorilla/mux@v1.8.0#sub/path',
      { type: 'golang', name: 'github.com/gorilla/mux', version: 'v1.8.0' },
    ],
    [
      'pkg:deb/debian/libc6@2.36-9%2Bdeb12u8?arch=amd64&upstream=glibc&distro=debian-12',
      { name: 'libc6', version: '2.36-9+deb12u8', arch: 'amd64', source: { name: 'glibc', version: '2.36-9+deb12u8' } },
    ],
    [
      'pkg:deb/debian/bash@5.2.15-2%2Bb7?upstream=bash%405.2.15-2',
      { name: 'bash', source: { name: 'bash', version: '5.2.15-2' } },
    ],
    [
      'pkg:rpm/redhat/openssl-libs@3.0.7-24.el9?arch=x86_64&epoch=1&upstream=openssl-3.0.7-24.el9.src.rpm',
      { version: '1:3.0.7-24.el9', arch: 'x86_64', source: { name: 'openssl', version: '1:3.0.7-24.el9' } },
    ],
    ['pkg:rpm/fedora/curl@7.50.3-1.fc25?epoch=0', { name: 'curl', version: '7.50.3-1.fc25' }],
    ['pkg:apk/wolfi/glibc@2.38-r5?arch=x86_64', { name: 'glibc', version: '2.38-r5', arch: 'x86_64' }],
    ['pkg:bitnami/redis@7.4.1-0?arch=arm64&distro=debian-12', { type: 'bitnami', name: 'redis', arch: 'arm64' }],
  ])('parses %s', (purl, expected) => {
    expect(recordOfPurl(purl, foundIn)).toMatchObject({ licenses: [], foundIn, ...expected });
  });

  it('uses a package as its own source and drops qualifiers that are fields', () => {
    expect(recordOfPurl('pkg:deb/debian/a@1?arch=all&distro=debian-12', foundIn)).toEqual({
      type: 'deb',
      name: 'a',
      version: '1',
      arch: 'all',
      source: { name: 'a', version: '1' },
      licenses: [],
      foundIn,
    });
  });

  it.each([
    '',
    'npm/a@1',
    'pkg:',
    'pkg:npm',
    'pkg:npm/',
    'pkg:npm/a',
    'pkg:npm/@a',
    'pkg:npm/@babel/core',
    'pkg:npm/a@',
    'pkg:maven/log4j-core@2.14.1',
    'pkg:maven/a/b/c@1',
    'pkg:composer/monolog@2.1.0',
    'pkg:oci/debian@sha256:aa',
    'pkg:github/a/b@1',
    'pkg:npm/%zz@1',
    'pkg:npm/a%20b@1',
    'pkg:npm/a@1%0a',
    `pkg:npm/${'a'.repeat(5_000)}@1`,
    'pkg:__proto__/a@1',
  ])('does not report %.40j as a package', (purl) => {
    expect(recordOfPurl(purl, foundIn)).toBeUndefined();
  });

  it('parses any text in time', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (path, query) => {
        const record = recordOfPurl(`pkg:npm/${path}@1?${query}`, foundIn);
        expect(record === undefined || record.type === 'npm').toBe(true);
      }),
    );
  });

  it('parses the output of purlOf', () => {
    const segment = fc.stringMatching(/^[a-z][a-z0-9+~]{0,9}$/);
    const spell: Partial<Record<PackageType, (a: string, b: string) => string>> = {
      maven: (a, b) => `${a}:${b}`,
      npm: (a, b) => `@${a}/${b}`,
      golang: (a, b) => `${a}.org/${b}`,
      composer: (a, b) => `${a}/${b}`,
      ebuild: (a, b) => `${a}/${b}`,
    };
    fc.assert(
      fc.property(fc.constantFrom(...packageTypes), segment, segment, (type, a, b) => {
        const name = spell[type]?.(a, b) ?? b;
        const version = type === 'rpm' ? '1:2-3' : '1:2+3';
        const record = { type, name, version, source: { name, version }, licenses: [], foundIn };
        expect(recordOfPurl(purlOf(record, null), foundIn)).toEqual(record);
      }),
    );
  });
});
