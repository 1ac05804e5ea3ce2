import { InvalidInput } from '@tidewaiter/domain';

import { withoutGemPlatform } from './gem.js';
import { checkLengths } from './range-limits.js';
import { versionSchemes } from './version-schemes.js';
import type { VersionScheme } from './version-schemes.js';

const comparisonPattern = /^(<=|>=|==|!=|=|<|>)?\s*(?:'([^']*)'|"([^"]*)"|([^'"\s]+))$/;

/** Part of a version to which a bound applies, if that is not the whole version. */
const partsInQuestion: Partial<Record<VersionScheme, (version: string, bound: string) => string>> = {
  // A local build of 2.0.0 has the vulnerabilities of 2.0.0, unless the bound names it.
  pep440: (version, bound) => (bound.includes('+') ? version : version.replace(/\+[^]*/, '')),
  gem: withoutGemPlatform,
};

/**
 * Whether a version satisfies a constraint in the form of advisories, for any ecosystem, `>= 1.0, <
 * 1.2.3 || = 2.0.0`: a comma is and, two bars are or, no operator is `=`. An empty constraint holds
 * for all versions. Only the scheme's order decides: unlike in `versionRanges`, a pre-release of
 * 2.0 is below 2.0.
 * @throws InvalidInput `UNPARSABLE_VERSION`, `UNPARSABLE_RANGE`
 */
export function satisfiesConstraint(version: string, constraint: string, scheme: VersionScheme): boolean {
  checkLengths(version, constraint);
  if (constraint.trim() === '') return true;
  const alternatives = constraint.split('||').map((alternative) =>
    alternative
      .split(',')
      .map((comparison) => holds(version, comparison.trim(), scheme))
      .every((isTrue) => isTrue),
  );
  return alternatives.some((isTrue) => isTrue);
}

function holds(version: string, comparison: string, scheme: VersionScheme): boolean {
  const [, operator = '=', ...texts] = comparisonPattern.exec(comparison) ?? [];
  const bound = texts.find((text) => text !== undefined);
  if (bound === undefined) throw new InvalidInput('UNPARSABLE_RANGE', 'not a constraint on versions');

  const order = versionSchemes[scheme](partsInQuestion[scheme]?.(version, bound) ?? version, bound);
  if (operator === '!=') return order !== 0;
  if (order === 0) return operator.includes('=');
  return order < 0 ? operator.startsWith('<') : operator.startsWith('>');
}
