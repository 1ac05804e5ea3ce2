import { isInRange, readPackageRange } from './package-range.js';

describe('readPackageRange', () => {
  it.each([
    ['openssl', 'openssl', ''],
    ['openssl<3.0.14', 'openssl', '<3.0.14'],
    ['openssl >= 3.0.0, < 3.0.14', 'openssl', '>= 3.0.0, < 3.0.14'],
    ['@babel/core=7.0.0', '@babel/core', '=7.0.0'],
    ['org.slf4j:slf4j-api!=1.0', 'org.slf4j:slf4j-api', '!=1.0'],
    ['pkg:deb/debian/openssl<3.0.14', 'pkg:deb/debian/openssl', '<3.0.14'],
    ['pkg:deb/debian/openssl@3.0.11?arch=amd64', 'pkg:deb/debian/openssl@3.0.11?arch=amd64', ''],
  ])('parses %j', (text, name, constraint) => {
    expect(readPackageRange(text)).toEqual({ name, constraint });
  });

  it.each([
    ['', 'position 1: expected the name of a package'],
    ['<3', 'position 1: expected the name of a package'],
    ['openssl<', 'position 8: expected one of < <= > >= = != and a version'],
    ['openssl>=1,<', 'position 12: expected one of < <= > >= = != and a version'],
    ['openssl>=1 || <2', 'position 8: expected one of < <= > >= = != and a version'],
    ['openssl=>1', 'position 8: expected one of < <= > >= = != and a version'],
  ])('rejects %j with the position', (text, message) => {
    expect(() => readPackageRange(text)).toThrow(expect.objectContaining({ code: 'UNPARSABLE_RANGE', message }));
  });
});

describe('isInRange', () => {
  it.each([
    ['3.0.13-1~deb12u1', '<3.0.14', 'deb', true],
    ['3.0.14-1~deb12u2', '<3.0.14', 'deb', false],
    ['3.0.14-1~deb12u2', '<=3.0.14', 'deb', true],
    ['3.0.14-1~deb12u2', '<3.0.14-1~deb12u3', 'deb', true],
    // Debian's zlib and Red Hat's openssl have an epoch that users do not type.
    ['1:1.2.13.dfsg-1', '<1.3', 'deb', true],
    ['1:3.0.7-27.el9', '<3.0.14', 'rpm', true],
    ['1:3.0.7-27.el9', '<0:3.0.14', 'rpm', false],
    ['3.1.4-r5', '=3.1.4', 'apk', true],
    ['3.1.4-r5', '<3.1.4-r6', 'apk', true],
    ['4.17.20', '>=4.0.0,<4.17.21', 'npm', true],
    ['4.17.21', '>=4.0.0,<4.17.21', 'npm', false],
    ['2.0.0rc1', '<2.0.0', 'pypi', true],
    ['not a version', '<2.0.0', 'npm', null],
    ['1.2', '<2', 'generic', true],
    ['1.2', '=1.2', 'generic', true],
    ['1.2', '<1.2', 'generic', false],
    ['1.2', '', 'generic', true],
  ])('compares %j with %j of %s as %j', (version, constraint, type, expected) => {
    expect(isInRange(version, constraint, type)).toBe(expected);
  });
});
