import { satisfiesComposer } from './composer-range.js';
import { satisfiesGem } from './gem-range.js';
import { satisfiesMaven } from './maven-range.js';
import { satisfiesNpm } from './npm-range.js';
import { satisfiesNuget } from './nuget-range.js';
import { satisfiesPep440 } from './pep440-range.js';
import { checkLengths } from './range-limits.js';
import type { VersionScheme } from './version-schemes.js';

/**
 * Whether a version is in a range in the syntax of the scheme's own tool.
 * @throws InvalidInput `UNPARSABLE_VERSION`, `UNPARSABLE_RANGE`
 */
export type VersionRangeTest = (version: string, range: string) => boolean;

/** Every scheme with a range syntax. The others use `satisfiesConstraint`. */
export const versionRanges: Partial<Record<VersionScheme, VersionRangeTest>> = {
  npm: limited(satisfiesNpm),
  pep440: limited(satisfiesPep440),
  maven: limited(satisfiesMaven),
  gem: limited(satisfiesGem),
  composer: limited(satisfiesComposer),
  nuget: limited(satisfiesNuget),
};

function limited(isInRange: VersionRangeTest): VersionRangeTest {
  return (version, range) => {
    checkLengths(version, range);
    return isInRange(version, range);
  };
}
