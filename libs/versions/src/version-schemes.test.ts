import { InvalidInput } from '@tidewaiter/domain';
import * as fc from 'fast-check';

import { versionSchemes } from './version-schemes.js';
import type { VersionScheme } from './version-schemes.js';

const number = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('0', '00', '1', '01', '2', '10') },
  { weight: 1, arbitrary: fc.stringMatching(/^[1-9][0-9]{15,40}$/) },
);
const numbers = fc.array(number, { minLength: 1, maxLength: 4 }).map((all) => all.join('.'));

/**
 * Numbers, then any of these pieces, each with or without a number behind it; what the scheme
 * cannot read is drawn again.
 */
function versionsOf(scheme: VersionScheme, ...pieces: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.tuple(fc.constantFrom(...pieces), fc.option(number, { nil: '' }));
  return fc
    .tuple(numbers, fc.array(piece, { maxLength: 4 }))
    .map(([start, tail]) => start + tail.flat().join(''))
    .filter((version) => {
      try {
        return versionSchemes[scheme](version, version) === 0;
      } catch {
        return false;
      }
    });
}

/**
 * Maven's own order is total only over common versions. `1-0-alpha` < `1` < `1-sp` < `1-0-alpha`,
 * and `1.0.x-1` lies above `1.0` and below `1.0-rc1`: there we answer as Maven does.
 */
const mavenVersion = fc
  .tuple(
    numbers,
    fc.array(
      fc.constantFrom('-alpha-1', '-alpha', 'a1', '-rc1', '-rc2', '-SNAPSHOT', '-sp', '-x', '-x-2', '-1', '-2', '+b2'),
      {
        maxLength: 2,
      },
    ),
    fc.constantFrom('', '', '.Final', '.x', '.x1', '.RELEASE', '.sp2', '.1'),
  )
  .map(([start, tail, end]) => start + tail.join('') + end);

const semverPieces = ['-alpha', '-alpha.', '-rc.', '-', '.', '+', 'rc'];

const versions: Record<VersionScheme, fc.Arbitrary<string>> = {
  apk: versionsOf('apk', '.', 'a', 'b', '_alpha', '_rc', '_p', '_git', '~ab', '-r'),
  dpkg: versionsOf('dpkg', '.', '-', '~', '+', 'a', ':', 'deb', '~rc'),
  rpm: versionsOf('rpm', '.', '-', '~', '^', 'a', ':', '_', 'el', '+git'),
  semver: versionsOf('semver', ...semverPieces),
  npm: versionsOf('npm', ...semverPieces),
  hex: versionsOf('hex', ...semverPieces),
  pub: versionsOf('pub', ...semverPieces),
  nuget: versionsOf('nuget', ...semverPieces, '-RC.', '-Alpha'),
  bitnami: versionsOf('bitnami', ...semverPieces, '-r'),
  go: versionsOf('go', ...semverPieces, '-0.20230102030405-abcdefabcdef', '+incompatible', 'beta'),
  pep440: versionsOf('pep440', '.', '-', 'a', 'b', 'rc', '.post', '.dev', '+local', '+', '!'),
  maven: mavenVersion,
  gem: versionsOf('gem', '.', '-', 'a', '.a', '.rc', '.pre.', '-java'),
  composer: versionsOf('composer', '.', '-', '-dev', '-alpha', 'beta', '-RC', '-p', '.x-dev', '+'),
  cran: versionsOf('cran', '.', '-'),
  hackage: versionsOf('hackage', '.'),
  program: versionsOf('program', '.', '-', '_', '.a', '-b', '-rc', ':beta', '-p', '_k', '.za', '.update', '+'),
};

const schemes = Object.keys(versions) as VersionScheme[];

describe.each(schemes)('the order of %s', (scheme) => {
  const compare = versionSchemes[scheme];
  const version = versions[scheme];

  it('is total: any three versions are ordered consistently', () => {
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(compare(a, a)).toBe(0);
        expect(compare(a, b) + compare(b, a)).toBe(0);
        const [low, middle, high] = [a, b, c].toSorted(compare) as [string, string, string];
        expect([compare(low, middle), compare(middle, high), compare(low, high)]).not.toContain(1);
        if (compare(low, middle) === 0) expect(compare(middle, high)).toBe(compare(low, high));
        if (compare(middle, high) === 0) expect(compare(low, middle)).toBe(compare(low, high));
      }),
      { numRuns: 1_000 },
    );
  });

  it("compares numbers beyond JavaScript's range", () => {
    const long = '9'.repeat(10_000);
    expect(compare(`1.${long}8`, `1.${long}9`)).toBe(-1);
    expect(compare(`1.${'0'.repeat(10_000)}1`, '1.2')).toBe(-1);
  });

  it('accepts a version of any length and nesting', () => {
    for (const piece of ['.', '-', '1', '.1', '-1', '1a', 'a', '-a', '.0', '~', '+']) {
      const long = `1${piece.repeat(50_000)}`;
      expect(answerOf(() => compare(`${long}x`, `${long}y`))).toBe(true);
    }
  });

  it('accepts or rejects any text', () => {
    fc.assert(
      fc.property(fc.string(), fc.oneof(version, fc.string()), (a, b) => {
        expect(answerOf(() => compare(a, b))).toBe(true);
      }),
    );
  });
});

/** Whether this is an order or a refusal, and not a failure. */
function answerOf(compare: () => number): boolean {
  try {
    return [-1, 0, 1].includes(compare());
  } catch (error) {
    return error instanceof InvalidInput && error.code === 'UNPARSABLE_VERSION';
  }
}
