import { InvalidInput } from '@tidewaiter/domain';

import { compareNumbers } from './runs.js';

const versionPattern = /^[0-9]+(?:[.-][0-9]+)*$/;

/**
 * Orders two versions of R packages: numbers between dots and hyphens, which mean the same; `1.8` <
 * `1.8.0`.
 * @throws InvalidInput `UNPARSABLE_VERSION`
 * @see https://stat.ethz.ch/R-manual/R-devel/library/base/html/numeric_version.html
 */
export function compareCran(a: string, b: string): number {
  const left = parseVersion(a);
  const right = parseVersion(b);
  return compareNumbers(left, right) || Math.sign(left.length - right.length);
}

function parseVersion(version: string): string[] {
  if (!versionPattern.test(version)) throw new InvalidInput('UNPARSABLE_VERSION', 'not a version that R accepts');
  return version.split(/[.-]/);
}
