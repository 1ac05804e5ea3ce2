import { InvalidInput } from '@tidewaiter/domain';

import { satisfiesConstraint } from './version-constraint.js';
import { versionSchemeOf } from './version-schemes.js';

/** Package by name or purl, with a version constraint. */
export interface PackageRange {
  /**
   * `openssl`, `@babel/core`, `org.slf4j:slf4j-api`, or a purl without its version,
   * `pkg:deb/debian/openssl`.
   */
  name: string;
  /** `>=3.0.0,<3.0.14`; empty: all versions. */
  constraint: string;
}

const comparisonPattern = /^(?:<=|>=|==|!=|=|<|>)\s*[^\s<>=!,|]+$/;

/**
 * Parses `openssl<3.0.14`, `openssl>=3.0.0,<3.0.14` or `pkg:npm/lodash<4.17.21`.
 * @param offset position of the text in the input, for error messages
 * @throws InvalidInput `UNPARSABLE_RANGE`, naming the position and what is allowed there
 */
export function readPackageRange(text: string, offset = 0): PackageRange {
  // The qualifiers of a purl have equals signs.
  const start = text.search(text.startsWith('pkg:') && text.includes('?') ? /[<>!]/ : /[<>=!]/);
  const name = (start === -1 ? text : text.slice(0, start)).trim();
  if (name === '') throw unparsable(offset + 1, 'the name of a package');
  const constraint = start === -1 ? '' : text.slice(start);
  checkConstraint(constraint, offset + Math.max(start, 0));
  return { name, constraint };
}

/**
 * Validates `>=3.0.0,<3.0.14`: comparisons that must all hold.
 * @param offset position of the text in the input, for error messages
 * @throws InvalidInput `UNPARSABLE_RANGE`
 */
export function checkConstraint(constraint: string, offset = 0): void {
  if (constraint === '') return;
  let at = offset;
  for (const comparison of constraint.split(',')) {
    if (!comparisonPattern.test(comparison.trim())) {
      throw unparsable(at + 1, 'one of < <= > >= = != and a version');
    }
    at += comparison.length + 1;
  }
}

/**
 * Whether a version satisfies a constraint by the order of its ecosystem; null if the two cannot be
 * compared. A bound without an epoch or without a distribution's revision refers to the upstream
 * version, so that `zlib<1.3` finds Debian's `1:1.2.13.dfsg-1`.
 */
export function isInRange(version: string, constraint: string, purlType: string): boolean | null {
  if (constraint === '') return true;
  const scheme = versionSchemeOf(purlType);
  const results = constraint.split(',').map((text) => {
    const comparison = text.trim();
    const bound = comparison.replace(/^[<>=!]+\s*/, '');
    const compared = comparablePart(version, bound, purlType);
    if (compared === bound) return /^(?:[<>]?=|==)/.test(comparison);
    try {
      return scheme === undefined ? null : satisfiesConstraint(compared, comparison, scheme);
    } catch (error) {
      if (error instanceof InvalidInput) return null;
      throw error;
    }
  });
  // One comparison that fails decides, regardless of the others.
  if (results.includes(false)) return false;
  return results.includes(null) ? null : true;
}

/** Part of a distribution's version to which a bound refers. */
function comparablePart(version: string, bound: string, purlType: string): string {
  let part = version;
  if (purlType === 'deb' || purlType === 'rpm') {
    if (!/^\d+:/.test(bound)) part = part.replace(/^\d+:/, '');
    if (!bound.includes('-')) part = part.replace(/-[^-]*$/, '');
  }
  return purlType === 'apk' && !/-r\d+$/.test(bound) ? part.replace(/-r\d+$/, '') : part;
}

function unparsable(position: number, expected: string): InvalidInput {
  return new InvalidInput('UNPARSABLE_RANGE', `position ${position}: expected ${expected}`);
}
