import { InvalidInput } from '@tidewaiter/domain';

import { compareNumbers } from './runs.js';

const versionPattern = /^[0-9]+(?:\.[0-9]+)*$/;

/**
 * Orders two versions of Haskell packages: numbers between dots; `1.0` < `1.0.0`.
 * @throws InvalidInput `UNPARSABLE_VERSION`
 * @see https://pvp.haskell.org/#version-numbers
 */
export function compareHackage(a: string, b: string): number {
  const left = parseVersion(a);
  const right = parseVersion(b);
  return compareNumbers(left, right) || Math.sign(left.length - right.length);
}

function parseVersion(version: string): string[] {
  if (!versionPattern.test(version)) throw new InvalidInput('UNPARSABLE_VERSION', 'not a version that Cabal accepts');
  return version.split('.');
}
