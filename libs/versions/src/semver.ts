import { InvalidInput } from '@tidewaiter/domain';

import { compareDigits, compareNumbers, compareText } from './runs.js';

export interface SemverVersion {
  /** Digits of major, minor, patch and any further numbers. */
  numbers: string[];
  /** Empty for a release. */
  preRelease: string[];
  build: string[];
}

// After the numbers a pre-release starts with a hyphen, or with a letter: `1.21rc2`, `1.0.0.alpha`.
const versionPattern =
  /^[\s=vV]*([0-9]+(?:\.[0-9]+)*)(?:-([0-9A-Za-z.-]+)|\.?([A-Za-z][0-9A-Za-z.-]*))?(?:\+([0-9A-Za-z.-]+))?\s*$/;

/**
 * Orders two versions by the precedence of Semantic Versioning, and parses them at least as
 * leniently as node-semver's `loose`: a `v` prefix, leading zeros, any count of numbers. Build
 * metadata is ignored.
 * @throws InvalidInput `UNPARSABLE_VERSION`
 * @see https://semver.org/#spec-item-11
 */
export function compareSemver(a: string, b: string): number {
  const left = parseSemver(a);
  const right = parseSemver(b);
  return compareNumbers(left.numbers, right.numbers) || comparePreReleases(left.preRelease, right.preRelease);
}

/** @throws InvalidInput `UNPARSABLE_VERSION` */
export function parseSemver(version: string): SemverVersion {
  const [, numbers, hyphenated, attached, build] = versionPattern.exec(version) ?? [];
  const preRelease = identifiersOf(hyphenated ?? attached);
  const metadata = identifiersOf(build);
  if (numbers === undefined || preRelease.includes('') || metadata.includes('')) {
    throw new InvalidInput('UNPARSABLE_VERSION', 'not a semantic version');
  }
  return { numbers: numbers.split('.'), preRelease, build: metadata };
}

/** A release comes after all of its pre-releases. */
export function comparePreReleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return Math.sign(b.length - a.length);
  return compareIdentifiers(a, b);
}

/**
 * Compares identifier by identifier: numbers by value, before words, which are compared by bytes;
 * then the longer list is higher.
 */
export function compareIdentifiers(a: readonly string[], b: readonly string[]): number {
  for (const [i, left] of a.entries()) {
    const right = b[i];
    if (right === undefined) return 1;
    const order = compareIdentifier(left, right);
    if (order !== 0) return order;
  }
  return a.length < b.length ? -1 : 0;
}

function compareIdentifier(a: string, b: string): number {
  const isNumber = digitsPattern.test(a);
  if (isNumber !== digitsPattern.test(b)) return isNumber ? -1 : 1;
  return isNumber ? compareDigits(a, b) : compareText(a, b);
}

const digitsPattern = /^[0-9]+$/;

function identifiersOf(text: string | undefined): string[] {
  return text === undefined ? [] : text.split('.');
}
