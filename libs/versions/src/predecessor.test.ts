import * as fc from 'fast-check';

import { compareTagVersions, readTagVersion, variantFamily } from './image-tag.js';
import { isSameVariant, predecessorOf } from './index.js';

describe('predecessorOf', () => {
  it.each<[string, string[], string | null, string | null]>([
    ['2.0.1', ['2.0.0', '1.9.9', 'latest'], '2.0.0', '2.0'],
    ['2.0.1', ['2.0', '1.9.9'], '2.0', '2.0'],
    ['2.0.1', ['2.0', '2.0.0', '2', 'latest', '2.1.0'], '2.0.0', '2.0'],
    ['2.1.0', ['2.0.5', '2.0', '1.9.9'], '2.0.5', '2'],
    ['3.0.0', ['2.9.9', '2', '2.9'], '2.9.9', null],
    ['1.9.6', ['2.0.3', '1.9.5', '1.9.4'], '1.9.5', '1.9'],
    ['1.10', ['1.9', '1.9.3', '1.2'], '1.9', '1'],
    ['v1.3', ['v1.2', 'v1.2.9', 'v1'], 'v1.2', '1'],
    ['v1.3', ['1.2'], '1.2', '1'],
    ['2', ['1', '1.9.9', '2.0.0'], '1', null],
    ['2024-05-01', ['2024-04-30', '2023-12-31', '2024-05-02'], '2024-04-30', '2024'],
    ['2024.05.01-2', ['2024.05.01-1', '2024.04.30-7'], '2024.05.01-1', '2024.5.1'],
    ['20240501.3', ['20240501.2', '20240430.9', '20240501.10'], '20240501.2', '20240501'],
    ['20240501', ['20240430', '20240430.7'], '20240430', null],
    ['build-118', ['build-117', 'build-12', '117', 'latest'], 'build-117', null],
    ['build118', ['build99', 'build117'], 'build117', null],
    ['118', ['117', '9', 'build-117'], '117', null],
    ['main-1700000100', ['main-1700000000', 'dev-1700000050'], 'main-1700000000', null],
    ['1.2.4-alpine', ['1.2.3-alpine', '1.2.3-slim', '1.2.3'], '1.2.3-alpine', '1.2'],
    ['1.2.4-alpine', ['1.2.3-slim', '1.2.3', '1.2'], null, null],
    ['1.2.4', ['1.2.3-slim', '1.2.2'], '1.2.2', '1.2'],
    ['1.2.4-alpine3.19', ['1.2.3-alpine3.18', '1.2.2-alpine3.19'], '1.2.2-alpine3.19', '1.2'],
    ['1.2.4-alpine3.19', ['1.2.3-alpine3.18', '1.2.3-slim'], '1.2.3-alpine3.18', '1.2'],
    ['3.9.2-jdk21', ['3.9.1-jdk17', '3.9.0-jdk21'], '3.9.0-jdk21', '3.9'],
    ['arm64v8-1.2.4', ['arm64v8-1.2.3', 'amd64-1.2.3', '1.2.3'], 'arm64v8-1.2.3', '1.2'],
    ['1.2.4-arm64', ['1.2.3-amd64', '1.2.3-arm64'], '1.2.3-arm64', '1.2'],
    ['2.0.0', ['2.0.0-rc.2', '1.9.9'], '1.9.9', null],
    ['2.0.0', ['2.0.0-rc.2', '2.0.0-rc.1'], '2.0.0-rc.2', '2.0'],
    ['2.0.0-rc.2', ['2.0.0-rc.1', '2.0.0-rc.10', '1.9.9', '2.0.0'], '2.0.0-rc.1', '2.0'],
    ['2.0.0-rc10', ['2.0.0-rc9', '2.0.0-beta3'], '2.0.0-rc9', '2.0'],
    ['2.0.0-alpha', ['1.9.9', '2.0.0-beta'], '1.9.9', null],
    ['1.2.3.Final', ['1.2.2.Final', '1.2.3.CR1'], '1.2.2.Final', '1.2'],
    ['17.0.2_8', ['17.0.2_7', '17.0.1_12'], '17.0.2_7', '17.0.2'],
    ['1.2.3-5-g4f2a91c', ['1.2.3-4-gabc1234', '1.2.3'], '1.2.3-4-gabc1234', '1.2.3'],
    ['release-1.2', ['release-1.1', 'main', '1.1'], 'release-1.1', '1'],
    ['007', ['6', '06'], '06', null],
    ['latest', ['2.0.0', '1.0.0'], null, null],
    ['sha-4f2a91c', ['sha-1234567', '1.0.0'], null, null],
    ['4f2a91c', ['1.0.0'], null, null],
    ['pr-12', ['pr-11'], null, null],
    ['1.0.0', [], null, null],
    ['1.0.0', ['1.0.0', '2.0.0'], null, null],
  ])('returns for %s after %j: %s of the line %s', (tag, known, expected, line) => {
    expect(predecessorOf(tag, known)).toEqual(expected === null ? null : { tag: expected, line });
  });

  const number = fc.integer({ min: 0, max: 40 }).map(String);
  const tag = fc
    .tuple(
      fc.constantFrom('', 'v', 'build-', 'release-', 'main-'),
      fc.array(number, { minLength: 1, maxLength: 4 }),
      fc.constantFrom('', '-rc.1', '-rc.2', '-beta', '.Final'),
      fc.constantFrom('', '-alpine', '-alpine3.19', '-slim', '-arm64'),
    )
    .map(([prefix, numbers, pre, variant]) => `${prefix}${numbers.join('.')}${pre}${variant}`);
  const hostile = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/),
    fc.constantFrom(
      '9'.repeat(128),
      '1.'.repeat(64),
      '-'.repeat(128),
      'v'.repeat(128),
      '1-a'.repeat(40),
      'a1.'.repeat(42),
    ),
  );

  it('returns a known lower version of the line for any order of the list', () => {
    fc.assert(
      fc.property(tag, fc.array(fc.oneof(tag, hostile), { maxLength: 30 }), (each, known) => {
        const found = predecessorOf(each, known);
        expect(predecessorOf(each, known.toReversed())?.tag).toBe(found?.tag);
        if (!found) return;
        expect(known).toContain(found.tag);
        const [before, after] = [readTagVersion(found.tag)!, readTagVersion(each)!];
        expect(compareTagVersions(before, after)).toBe(-1);
        expect([before.prefix, variantFamily(before)]).toEqual([after.prefix, variantFamily(after)]);
      }),
    );
  });

  it('accepts thousands of hostile tags', () => {
    fc.assert(fc.property(hostile, hostile, (a, b) => (predecessorOf(a, [b]), true)));
    const known = Array.from({ length: 20_000 }, (_, index) => `1.${index}.${'0'.repeat(100)}${index}`);
    expect(predecessorOf('1.20000.0', known)?.tag).toBe(known.at(-1));
  });

  it('orders the versions of a line totally', () => {
    const version = tag.map((each) => readTagVersion(each)!);
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(compareTagVersions(a, b) + compareTagVersions(b, a)).toBe(0);
        if (compareTagVersions(a, b) <= 0 && compareTagVersions(b, c) <= 0)
          expect(compareTagVersions(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });
});

describe('isSameVariant', () => {
  it.each([
    ['1.2.3', '1.2.4', true],
    ['1.2.3', 'latest', true],
    ['1.2.3', '1.2.3-rc.1', true],
    ['main', 'main-4f2a91c', true],
    ['main', 'main-20240501', true],
    ['1.2.3-alpine3.18', '1.2.3-alpine3.19', true],
    ['1.2.3-alpine', '1.2.3-slim', false],
    ['1.2.3', '1.2.3-debug', false],
    ['latest', 'latest-debug', false],
    ['main', 'main-dev-tools', false],
    ['latest', '1.2.3-slim', false],
    ['latest-slim', '1.2.3-slim', true],
    ['slim', '1.2.3-slim', true],
    ['latest', '1.2.3', true],
    ['main-4f2a91c', '1.2.3', true],
  ])('compares %s with %s: %s', (a, b, isSame) => {
    expect([isSameVariant(a, b), isSameVariant(b, a)]).toEqual([isSame, isSame]);
  });
});
