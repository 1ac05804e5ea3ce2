import * as fc from 'fast-check';

import {
  alpineBranch,
  backportedFrom,
  debianRelease,
  debianReleaseIn,
  isProSuite,
  isSameUbuntuLine,
  preparedRelease,
  releaseOrder,
  suiteOfRelease,
  ubuntuRelease,
  ubuntuReleaseIn,
  withoutBackport,
} from './suites.js';

describe('debianRelease', () => {
  it.each<[string, string | undefined]>([
    ['bookworm', '12'],
    ['bookworm-security', '12'],
    ['bookworm-updates', '12'],
    ['bookworm-proposed-updates', '12'],
    ['buster/updates', '10'],
    ['stretch-lts', '9'],
    ['sid', '14'],
    ['unstable', '14'],
    ['testing-security', '14'],
    ['rc-buggy', '14'],
    ['bookworm-backports', undefined],
    ['bullseye-backports-sloppy', undefined],
    ['bookworm-pgdg', undefined],
    ['stable', undefined],
    ['oldstable-updates', undefined],
    ['jammy', undefined],
    ['', undefined],
  ])('returns for %s %s', (suite, expected) => {
    expect(debianRelease(suite)).toBe(expected);
  });
});

describe('ubuntuRelease', () => {
  it.each<[string, string | undefined]>([
    ['jammy', '22.04:LTS'],
    ['noble-security', '24.04:LTS'],
    ['plucky-proposed', '25.04'],
    ['jammy-backports', undefined],
    ['jammy-infra-security', undefined],
    ['devel', undefined],
    ['bookworm', undefined],
  ])('returns for %s %s', (suite, expected) => {
    expect(ubuntuRelease(suite)).toBe(expected);
  });
});

describe('isProSuite', () => {
  it.each([
    ['trusty-infra-security', true],
    ['jammy-apps-updates', true],
    ['jammy-security', false],
    // Packages of their own, with versions that no other package has.
    ['focal-fips-updates', false],
    ['focal-updates', false],
  ])('decides about %s: %s', (suite, expected) => {
    expect(isProSuite(suite)).toBe(expected);
  });
});

describe('backportedFrom', () => {
  it.each<[string, string | undefined, string]>([
    ['1.2.3-4~bpo12+1', '13', '1.2.3-4'],
    ['4.19.67-2+deb10u1~bpo9+1', '10', '4.19.67-2+deb10u1'],
    ['2:1.0-1~bpo70+2', '8', '2:1.0-1'],
    ['1.0-1~bpo60+1', '7', '1.0-1'],
    ['6.1.38-4~bpo11+1u1', '12', '6.1.38-4'],
    ['1.0-1', undefined, '1.0-1'],
    ['1.0~bpo-1', undefined, '1.0~bpo-1'],
    // Ubuntu's name the release that they are for, and may come from any later one.
    ['1.0-1~bpo22.04.1', undefined, '1.0-1~bpo22.04.1'],
    ['1.0-1~bpo12+1~local1', undefined, '1.0-1~bpo12+1~local1'],
  ])('reads %s', (version, release, built) => {
    expect(backportedFrom(version)).toBe(release);
    expect(withoutBackport(version)).toBe(built);
  });

  it('reads any version in linear time', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 1000 }), (version) => {
        expect(backportedFrom(version) === undefined).toBe(withoutBackport(version) === version);
      }),
    );
  });
});

describe('debianReleaseIn', () => {
  it.each<[string, string | undefined]>([
    ['7.88.1-10+deb12u5', '12'],
    ['1:115.8.0esr-1~deb11u1', '11'],
    ['2.36-9+deb12u4+b1', '12'],
    ['0.0.7-1+deb8u1+deb9u2', '9'],
    ['4.2.2.dfsg.1-5+deb70u8', '7'],
    ['1.0-1', undefined],
    ['1.0+deb12-1', undefined],
    ['1.0-1+deb12u', undefined],
  ])('reads %s as %s', (version, release) => {
    expect(debianReleaseIn(version)).toBe(release);
  });
});

describe('ubuntuReleaseIn', () => {
  it.each<[string, string | undefined]>([
    ['1.2-3ubuntu0.22.04.1', '22.04:LTS'],
    ['12.0+build1-0ubuntu0.12.04.1', '12.04:LTS'],
    ['2.63.1+24.04', '24.04:LTS'],
    ['1.06-6.2~deb10u1build0.16.04.1', '16.04:LTS'],
    ['10.0.20-0ubuntu0.15.04.1', '15.04'],
    ['3.0.0+14.04.20140416-0ubuntu1', undefined],
    ['4:22.04.3-1', undefined],
    ['1.2-3ubuntu4.15', undefined],
    ['1.0-1~ubuntu22.04.1', undefined],
    ['1.0-1~bpo22.04.1', undefined],
    ['1.0-1ubuntu0.99.04', undefined],
  ])('reads %s as %s', (version, release) => {
    expect(ubuntuReleaseIn(version)).toBe(release);
  });
});

describe('isSameUbuntuLine', () => {
  it.each([
    ['7.81.0-1ubuntu1.20', '7.81.0-1ubuntu1.15', true],
    ['7.81.0-1ubuntu1.20+esm1', '7.81.0-1ubuntu1.15', true],
    ['7.81.0-1ubuntu1', '7.81.0-1ubuntu1.15', false],
    ['7.81.0-1ubuntu1.20', '7.81.0-1ubuntu2.15', false],
    ['1.2-3ubuntu0.1', '1.2-3ubuntu0.24.04.1', false],
    ['7.81.0-1', '7.81.0-1', false],
  ])('compares %s with %s: %s', (version, fixed, expected) => {
    expect(isSameUbuntuLine(version, fixed)).toBe(expected);
  });
});

describe('suiteOfRelease', () => {
  it.each([
    ['12', 'bookworm', debianRelease],
    ['22.04:LTS', 'jammy', ubuntuRelease],
    ['v3.20', 'v3.20', alpineBranch],
  ])('returns for %s the suite %s', (release, suite, releaseOf) => {
    expect(suiteOfRelease(release)).toBe(suite);
    expect(releaseOf(suite)).toBe(release);
  });
});

describe('preparedRelease', () => {
  it.each<[string, string | undefined]>([
    ['Debian GNU/Linux forky/sid', '14'],
    ['Debian bullseye/sid', '11'],
    ['Debian GNU/Linux 12 (bookworm)', undefined],
    ['Debian GNU/Linux kali/sid', undefined],
  ])('reads %j', (name, expected) => {
    expect(preparedRelease(name)).toBe(expected);
  });
});

describe('releaseOrder', () => {
  it.each([
    ['v3.9', 'v3.10'],
    ['v3.23', 'edge'],
    ['9', '10'],
    ['22.04:LTS', '24.04:LTS'],
    ['23.04', '23.10'],
  ])('puts %s before %s', (one, other) => {
    expect(releaseOrder(one)).toBeLessThan(releaseOrder(other));
  });
});
