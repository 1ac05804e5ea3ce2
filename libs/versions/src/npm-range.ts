import { InvalidInput } from '@tidewaiter/domain';
import semver from 'semver';

/**
 * Whether a version is in an npm range: `^1.2`, `~1.2.3`, `1.x || >=2.5.0`, `1.2 - 2.3`. As in npm,
 * a pre-release is in a range only if a bound names a pre-release of the same release.
 * @throws InvalidInput `UNPARSABLE_VERSION`, `UNPARSABLE_RANGE`
 * @see https://github.com/npm/node-semver#ranges
 */
export function satisfiesNpm(version: string, range: string): boolean {
  const parsed = semver.parse(version, { loose: true });
  if (parsed === null) throw new InvalidInput('UNPARSABLE_VERSION', 'not a version that npm accepts');
  if (semver.validRange(range, { loose: true }) === null) {
    throw new InvalidInput('UNPARSABLE_RANGE', 'not a range that npm accepts');
  }
  return semver.satisfies(parsed, range, { loose: true });
}
