import { compareNumbers } from './runs.js';
import { compareIdentifiers, comparePreReleases, parseSemver } from './semver.js';

/**
 * Orders two versions of Dart packages. Unlike in semver, build metadata counts: `1.0.0` <
 * `1.0.0+1`.
 * @throws InvalidInput `UNPARSABLE_VERSION`
 * @see https://pub.dev/documentation/pub_semver/latest/pub_semver/Version/compareTo.html
 */
export function comparePub(a: string, b: string): number {
  const left = parseSemver(a);
  const right = parseSemver(b);
  return (
    compareNumbers(left.numbers, right.numbers) ||
    comparePreReleases(left.preRelease, right.preRelease) ||
    compareIdentifiers(left.build, right.build)
  );
}
