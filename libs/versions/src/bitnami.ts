import { compareSemver } from './semver.js';

/** `2.3.1-1` and, in older images, `2.3.1-r1`. */
const revisionPattern = /-r?[0-9]+$/;

/**
 * Orders two versions of Bitnami packages: semver without the revision at the end, which repackages
 * the same upstream source and so never affects vulnerabilities.
 * @throws InvalidInput `UNPARSABLE_VERSION`
 * @see https://github.com/bitnami/vulndb
 */
export function compareBitnami(a: string, b: string): number {
  return compareSemver(a.replace(revisionPattern, ''), b.replace(revisionPattern, ''));
}
