import { matchesPurl, readPurl } from './purl-pattern.js';

describe('matchesPurl', () => {
  it.each([
    ['pkg:deb/debian/openssl', 'pkg:deb/debian/openssl@3.0.11?arch=amd64&distro=debian-12', true],
    ['pkg:deb/debian/openssl@3.0.11', 'pkg:deb/debian/openssl@3.0.11?arch=amd64', true],
    ['pkg:deb/debian/openssl@3.0.12', 'pkg:deb/debian/openssl@3.0.11?arch=amd64', false],
    ['pkg:deb/debian/openssl?arch=amd64', 'pkg:deb/debian/openssl@3.0.11?arch=amd64&distro=debian-12', true],
    ['pkg:deb/debian/openssl?arch=arm64', 'pkg:deb/debian/openssl@3.0.11?arch=amd64', false],
    ['pkg:deb/debian/openssl?arch=amd64', 'pkg:deb/debian/openssl@3.0.11', false],
    ['pkg:deb/ubuntu/openssl', 'pkg:deb/debian/openssl@3.0.11', false],
    ['pkg:npm/%40babel/core', 'pkg:npm/%40babel/core@7.20.0', true],
    ['pkg:npm/core', 'pkg:npm/%40babel/core@7.20.0', false],
    ['pkg:pypi/Foo_Bar', 'pkg:pypi/foo-bar@1', true],
  ])('matches %s with %s: %s', (pattern, purl, means) => {
    expect(matchesPurl(readPurl(pattern)!, readPurl(purl)!)).toBe(means);
  });

  it.each(['openssl', 'pkg:', 'pkg:deb', 'pkg:%/x', `pkg:deb/${'a'.repeat(3_000)}`])('rejects %.20s', (text) => {
    expect(readPurl(text)).toBeUndefined();
  });
});
