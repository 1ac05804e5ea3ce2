import { InvalidInput } from '@tidewaiter/domain';

import { checkLengths } from './range-limits.js';
import { versionSchemeOf, versionSchemes } from './version-schemes.js';
import type { VersionComparer, VersionScheme } from './version-schemes.js';

interface Constraint {
  /** Empty for equality. */
  comparator: string;
  version: string;
}

const versPattern = /^vers:([a-z][a-z0-9.+-]*)\/(.+)$/;
const constraintPattern = /^(<=|>=|!=|<|>|=)?(.+)$/;

/** Types of `vers:` that are not types of package URLs. */
const versTypes: ReadonlyMap<string, VersionScheme> = new Map([
  ['alpine', 'apk'],
  ['dart', 'pub'],
  ['semver', 'semver'],
]);

/**
 * Whether a version is in a range of SBOMs and VEX documents, `vers:npm/>=1.0.0|<1.2.3|2.0.0`. The
 * bounds need not be sorted.
 * @throws InvalidInput `UNPARSABLE_VERSION`, `UNPARSABLE_RANGE`, the latter also for a type with an
 * unknown order
 * @see https://github.com/package-url/vers-spec, "Checking if a version is contained within a
 * range"
 */
export function satisfiesVers(version: string, range: string): boolean {
  checkLengths(version, range);
  const [, type = '', constraints = ''] = versPattern.exec(range) ?? [];
  if (constraints === '*' && (type === 'all' || type === 'none')) return type === 'all';

  const scheme = versTypes.get(type) ?? versionSchemeOf(type);
  if (scheme === undefined) throw unparsable();
  const compare = versionSchemes[scheme];
  if (constraints === '*') return compare(version, version) === 0;
  return contains(constraints.split('|').map(parseConstraint), version, compare);
}

function parseConstraint(text: string): Constraint {
  const [, comparator = '', encoded] = constraintPattern.exec(text.trim()) ?? [];
  if (encoded === undefined) throw unparsable();
  try {
    return { comparator: comparator === '=' ? '' : comparator, version: decodeURIComponent(encoded.trim()) };
  } catch (error) {
    throw unparsable({ cause: error });
  }
}

function contains(constraints: readonly Constraint[], version: string, compare: VersionComparer): boolean {
  const orders = constraints.map((constraint) => ({ ...constraint, order: compare(constraint.version, version) }));
  const equals = orders.filter(({ order }) => order === 0);
  if (equals.length > 0) return equals.some(({ comparator }) => ['', '<=', '>='].includes(comparator));
  if (constraints.every(({ comparator }) => comparator === '!=')) return true;

  // Only the nearest bounds count: the one below opens an interval, or the one above closes one.
  const bounds = orders
    .filter(({ comparator }) => /^[<>]/.test(comparator))
    .toSorted((a, b) => compare(a.version, b.version));
  const below = bounds.findLast(({ order }) => order < 0);
  const above = bounds.find(({ order }) => order > 0);
  return below?.comparator.startsWith('>') === true || above?.comparator.startsWith('<') === true;
}

function unparsable(options?: ErrorOptions): InvalidInput {
  return new InvalidInput('UNPARSABLE_RANGE', 'not a version range that we can read', options);
}
