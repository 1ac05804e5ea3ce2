import { InvalidInput } from '@tidewaiter/domain';

import { comparePep440Versions, parsePep440 } from './pep440.js';
import type { Pep440Version } from './pep440.js';
import { compareDigits, compareNumbers } from './runs.js';

const specifierPattern = /^(===|~=|==|!=|<=|>=|<|>)\s*(\S+)$/;

/**
 * Whether a version satisfies all of these specifiers, `>=1.2,!=1.3.*,<2`. Pre-releases are
 * included like any other installed version.
 * @throws InvalidInput `UNPARSABLE_VERSION`, `UNPARSABLE_RANGE`
 * @see https://packaging.python.org/specifications/version-specifiers/#version-specifiers
 */
export function satisfiesPep440(version: string, specifiers: string): boolean {
  return specifiers
    .split(',')
    .map((specifier) => specifier.trim())
    .filter((specifier) => specifier !== '')
    .map((specifier) => satisfiesSpecifier(version, specifier))
    .every((isSatisfied) => isSatisfied);
}

function satisfiesSpecifier(version: string, specifier: string): boolean {
  const [, operator, bound = ''] = specifierPattern.exec(specifier) ?? [];
  if (operator === '===') return version.trim().toLowerCase() === bound.toLowerCase();

  const candidate = parsePep440(version);
  switch (operator) {
    case '==':
      return isEqual(candidate, bound);
    case '!=':
      return !isEqual(candidate, bound);
    case '~=':
      return isCompatible(candidate, publicBound(bound));
    case '<=':
      return comparePep440Versions(withoutLocal(candidate), publicBound(bound)) <= 0;
    case '>=':
      return comparePep440Versions(withoutLocal(candidate), publicBound(bound)) >= 0;
    case '<':
      return isBefore(candidate, publicBound(bound));
    case '>':
      return isAfter(candidate, publicBound(bound));
    default:
      throw unparsable();
  }
}

function isEqual(version: Pep440Version, text: string): boolean {
  if (text.endsWith('.*')) return hasPrefix(version, releaseOnly(text.slice(0, -'.*'.length)));
  const bound = parsePep440(text);
  return comparePep440Versions(bound.local.length === 0 ? withoutLocal(version) : version, bound) === 0;
}

/** `~=1.4.2` is `>=1.4.2, ==1.4.*`. */
function isCompatible(version: Pep440Version, bound: Pep440Version): boolean {
  if (bound.release.length < 2) throw unparsable();
  const line = { ...bound, release: bound.release.slice(0, -1) };
  return comparePep440Versions(withoutLocal(version), bound) >= 0 && hasPrefix(version, line);
}

function hasPrefix(version: Pep440Version, { epoch, release }: Pep440Version): boolean {
  return (
    compareDigits(version.epoch, epoch) === 0 && compareNumbers(version.release.slice(0, release.length), release) === 0
  );
}

/** `<2` excludes the pre-releases of 2, `<2rc2` does not. */
function isBefore(version: Pep440Version, bound: Pep440Version): boolean {
  if (comparePep440Versions(version, bound) >= 0) return false;
  const isOfBound = comparePep440Versions(version, { ...bound, dev: '0' }) >= 0;
  return isPreRelease(bound) || !isPreRelease(version) || !isOfBound;
}

/** `>1` excludes continuations of 1: its post-releases and local versions. */
function isAfter(version: Pep440Version, bound: Pep440Version): boolean {
  if (comparePep440Versions(withoutLocal(version), bound) <= 0) return false;
  const base = { ...version, post: null, dev: null, local: [] };
  const isPostOfBound = version.post !== null && comparePep440Versions(base, bound) === 0;
  return bound.post !== null || !isPostOfBound;
}

function isPreRelease({ pre, dev }: Pep440Version): boolean {
  return pre !== null || dev !== null;
}

function withoutLocal(version: Pep440Version): Pep440Version {
  return { ...version, local: [] };
}

/** Parses a bound without a local version, which only `==` and `!=` may have. */
function publicBound(text: string): Pep440Version {
  const bound = parsePep440(text);
  if (bound.local.length > 0) throw unparsable();
  return bound;
}

function releaseOnly(text: string): Pep440Version {
  const bound = parsePep440(text);
  if (isPreRelease(bound) || bound.post !== null || bound.local.length > 0) throw unparsable();
  return bound;
}

function unparsable(): InvalidInput {
  return new InvalidInput('UNPARSABLE_RANGE', 'not version specifiers of PEP 440');
}
