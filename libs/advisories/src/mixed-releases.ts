import type { Ecosystem } from './ecosystems.js';
import type { PackageMatch } from './package-match.js';
import { isAtMost } from './ranges.js';
import { type AdvisoryStatement, fixesOf } from './statements.js';
import { isLater } from './suites.js';
import { vulnerabilitiesOf } from './vulnerability-id.js';

/** Result for a package as one of a release. */
export interface ReleaseMatches {
  release: string | null;
  statements: readonly AdvisoryStatement[];
  matches: PackageMatch[];
}

/**
 * Matches of a package that may be of several releases: those of any of them, as no fix is proven
 * for a package of another one. A release has none if the version itself shows, by the fix of
 * another one, that it is not its own.
 * @param results by release, the preferred one first
 */
export function mergedMatches(results: readonly ReleaseMatches[], ecosystem: Ecosystem): PackageMatch[] {
  const open = results.flatMap((result) =>
    result.matches.flatMap((match) => {
      const vulnerabilityIds = match.vulnerabilityIds.filter(
        (id) => !results.some((other) => excludes(other, result, id, ecosystem)),
      );
      return vulnerabilityIds.length === 0
        ? []
        : [{ release: `${result.release}`, match: { ...match, vulnerabilityIds } }];
    }),
  );
  const possibleReleases = results.map(({ release }) => `${release}`);
  return [...Map.groupBy(open, ({ match }) => match.advisoryId).values()].map((about) => {
    const { match } = about.toSorted((a, b) => precedence(a) - precedence(b))[0]!;
    const vulnerabilityIds = [...new Set(about.flatMap((each) => each.match.vulnerabilityIds))];
    const affectedReleases = about.map(({ release }) => release);
    return { ...match, vulnerabilityIds, evidence: { ...match.evidence, possibleReleases, affectedReleases } };
  });
}

/** A fix in any release is one: what has no fix at all may be left out of a report. */
function precedence({ match: { state, fix } }: { match: PackageMatch }): number {
  return Number(state !== 'affected') * 2 + Number(fix.version === undefined);
}

/**
 * Whether a release has a fix of a vulnerability by which the package is none of another release.
 */
function excludes(
  { release, statements }: ReleaseMatches,
  other: ReleaseMatches,
  vulnerabilityId: string,
  { compare, excludesOthers }: Ecosystem,
): boolean {
  if (release === null || release === other.release) return false;
  const later = isLater(release, other.release);
  return statements.some(
    ({ advisory, answer, standing, entries, compared: { version } }) =>
      answer === false &&
      standing !== 'beyond' &&
      vulnerabilitiesOf(advisory).includes(vulnerabilityId) &&
      entries
        .filter((entry) => entry.release === release)
        .flatMap(({ ranges }) => ranges.flatMap(fixesOf))
        .some((fixed) => isAtMost(fixed, version, compare) === true && excludesOthers(version, fixed, later)),
  );
}
