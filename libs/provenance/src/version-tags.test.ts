import * as fc from 'fast-check';

import { isPublishedVersion, isVersionTag, type VersionTag } from './version-tags.js';

const dayMs = 86_400_000;
const entry = (tag: string, digest: string, day = 0): VersionTag => ({ tag, digest, atMs: day * dayMs });

describe('isVersionTag', () => {
  it.each([
    '1.2.3',
    'v1.2.3',
    '1.2.3-rc.1',
    '1.2.3+build.5',
    '2026.11.25',
    '1.2.3-alpine3.20',
    '1.2.3.4',
    '1',
    '12',
    '1.2',
    'v3',
    'V3',
    'v1.2',
    'r17',
    'b42',
    'build-417',
    'build.417',
    'release-1.2.3',
    'rel_2',
    '2026-11-28',
    '20261128',
    '20261128T101500',
    '20261128101500',
    'bookworm-20261128',
    'controller-v1.2.3',
    'app-2.0.1',
    'app-v3',
    '1.2-alpine',
    'v3-slim',
    '1_2_3',
    '1.2.3-dev.20261128',
    '1.2.3-nightly.417',
    '3.11-slim-bookworm',
    '1.0.0-beta',
    '417',
    '2026.11',
  ])('accepts %s as a version', (tag) => expect(isVersionTag(tag)).toBe(true));

  it.each([
    'latest',
    'main',
    'master',
    'dev',
    'nightly',
    'edge',
    'stable',
    'feature-42',
    'feature-x',
    'pr-12',
    'PR-12',
    'mr-3',
    'main-1.2.3',
    'sha-abcdef0',
    'dev-417',
    '1.2.3-SNAPSHOT',
    '1.2-dev',
    '1.2.3-latest',
    'latest-1.2.3',
    '1.2.x',
    '',
    'x'.repeat(200),
    'node-20',
    'python-3.11',
    'alpine',
    'jdk17',
    'a1b2c3d4e5f60718293a4b5c6d7e8f9012345678',
    '-1',
    'v',
    'develop-20261128',
  ])('rejects %j as a version', (tag) => expect(isVersionTag(tag)).toBe(false));

  it('decides for any text', () => {
    fc.assert(fc.property(fc.string({ maxLength: 300 }), (tag) => typeof isVersionTag(tag) === 'boolean'));
  });

  it('accepts any version of three numbers, with or without v', () => {
    const number = fc.integer({ min: 0, max: 99_999 });
    fc.assert(
      fc.property(number, number, number, fc.constantFrom('', 'v'), (a, b, c, v) => isVersionTag(`${v}${a}.${b}.${c}`)),
    );
  });
});

describe('isPublishedVersion', () => {
  const published = (tag: string, earlier: VersionTag[], alsoNamed: VersionTag[] = []) =>
    isPublishedVersion({ tag, earlier, alsoNamed });

  it.each<[string, string, VersionTag[], VersionTag[], boolean]>([
    ['v3 beside v1, v2 and v4', 'v3', [entry('v3', 'c')], [], true],
    ['1.2.3', '1.2.3', [entry('1.2.3', 'a')], [], true],
    ['a branch', 'main', [entry('main', 'a')], [], false],
    ['1.2 that was 1.2.3', '1.2', [entry('1.2', 'a')], [entry('1.2.3', 'a')], false],
    [
      '1 that was 1.2 and then 1.3.0',
      '1',
      [entry('1', 'a'), entry('1', 'b', 2)],
      [entry('1.2', 'a'), entry('1.3.0', 'b', 2)],
      false,
    ],
    ['1.2-alpine that was 1.2.3-alpine', '1.2-alpine', [entry('1.2-alpine', 'a')], [entry('1.2.3-alpine', 'a')], false],
    ['1.2-alpine that was 1.2.3', '1.2-alpine', [entry('1.2-alpine', 'a')], [entry('1.2.3', 'a')], true],
    ['v3 that was v4.0.0', 'v3', [entry('v3', 'a')], [entry('v4.0.0', 'a')], true],
    [
      'v3 that was 3.1 before and is nothing else now',
      'v3',
      [entry('v3', 'a'), entry('v3', 'b', 1)],
      [entry('v3.1', 'a')],
      true,
    ],
    ['v3 whose digest got a longer name weeks later', 'v3', [entry('v3', 'a')], [entry('v3.1.0', 'a', 20)], true],
    [
      '1.2 that was pushed a moment before 1.2.3',
      '1.2',
      [entry('1.2', 'a')],
      [{ tag: '1.2.3', digest: 'a', atMs: 5_000 }],
      false,
    ],
    [
      '22.04, rebuilt each month',
      '22.04',
      [entry('22.04', 'a'), entry('22.04', 'b', 30), entry('22.04', 'c', 60)],
      [],
      false,
    ],
    [
      'v3, moved three times in an hour',
      'v3',
      [entry('v3', 'a'), entry('v3', 'b'), { tag: 'v3', digest: 'c', atMs: 3_600_000 }],
      [],
      true,
    ],
    [
      '1.2.3, moved each month',
      '1.2.3',
      [entry('1.2.3', 'a'), entry('1.2.3', 'b', 30), entry('1.2.3', 'c', 60)],
      [],
      true,
    ],
    ['1.2.3 that was 1.2.3.1', '1.2.3', [entry('1.2.3', 'a')], [entry('1.2.3.1', 'a')], true],
    ['2026-11', '2026-11', [entry('2026-11', 'a')], [], true],
  ])('evaluates %s', (_what, tag, earlier, alsoNamed, expected) => {
    expect(published(tag, earlier, alsoNamed)).toBe(expected);
  });

  it('counts a plain number as a version unless its history contradicts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999 }), fc.string({ minLength: 1 }), (number, digest) => {
        expect(published(`v${number}`, [entry(`v${number}`, digest)])).toBe(true);
        expect(published(`v${number}`, [entry(`v${number}`, digest)], [entry(`v${number}.0.1`, digest)])).toBe(false);
      }),
    );
  });
});
