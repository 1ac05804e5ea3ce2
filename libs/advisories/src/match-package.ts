import { type AdvisoryMatch, type PackageRecord, worstSeverity } from '@tidewaiter/domain';
import type { VersionComparer } from '@tidewaiter/versions';

import { type AdvisoryKey, releasesOf } from './advisory-key.js';
import type { AffectedPackage } from './affected-package.js';
import { type AdvisoryName, type Ecosystem, ecosystems } from './ecosystems.js';
import { mitigationOf } from './mitigations.js';
import { mergedMatches, type ReleaseMatches } from './mixed-releases.js';
import type { MatchEvidence, PackageMatch } from './package-match.js';
import { anyOf, hitIn, isListed, tryCompare } from './ranges.js';
import { repositoriesOf } from './repositories.js';
import type { CpeLookup } from './repository-map.js';
import {
  type AdvisoryCandidate,
  type Cleared,
  clearedBy,
  fixesOf,
  isAffected,
  type AdvisoryStatement,
  repositoriesMeeting,
  statementsAbout,
} from './statements.js';
import { vulnerabilitiesOf } from './vulnerability-id.js';

/**
 * Raise it when the same package and advisories give another result: the fleet is then matched
 * again.
 */
export const matchingVersion = 7;

/**
 * Limit on fixes tried before the state is "no fix". More than one matters only for overlapping
 * ranges.
 */
const maxFixesTried = 20;

/**
 * Matches one package against the advisories that may name it, in the version order of their
 * ecosystem. The state is `unknown` if versions cannot be compared.
 * @param cpesOf CPEs of repositories, as far as a map of them is known
 * @see https://ossf.github.io/osv-schema/#evaluation
 */
export function matchPackage(
  pkg: PackageRecord,
  key: AdvisoryKey,
  candidates: readonly AdvisoryCandidate[],
  cpesOf: CpeLookup = () => undefined,
): PackageMatch[] {
  const ecosystem = ecosystems.get(key.ecosystem);
  if (!ecosystem) return [];
  const results = releasesOf(key).map((release) =>
    matchRelease(pkg, { ...key, release }, candidates, ecosystem, cpesOf),
  );
  return results.length === 1 ? results[0]!.matches : mergedMatches(results, ecosystem);
}

/** Matches a package as one of a release. */
function matchRelease(
  pkg: PackageRecord,
  key: AdvisoryKey,
  candidates: readonly AdvisoryCandidate[],
  ecosystem: Ecosystem,
  cpesOf: CpeLookup,
): ReleaseMatches {
  const statements = statementsAbout(pkg, key, candidates, ecosystem, cpesOf);
  const cleared = clearedBy(statements);
  const matches = statements.flatMap((statement) => {
    const match = matchOf(statement, pkg, cleared, ecosystem);
    if (!match) return [];
    const repositories = [
      ...repositoriesOf(pkg).filter((id) => ecosystem.releaseOf(id) === key.release && key.release !== null),
      ...statement.deciding.flatMap((entry) => repositoriesMeeting(entry, pkg, ecosystem, cpesOf)),
    ];
    if (repositories.length === 0) return match;
    return { ...match, evidence: { ...match.evidence, repositories: [...new Set(repositories)].toSorted() } };
  });
  return { release: key.release, statements, matches };
}

function matchOf(
  statement: AdvisoryStatement,
  pkg: PackageRecord,
  cleared: Cleared,
  ecosystem: Ecosystem,
): PackageMatch | undefined {
  const { compare } = ecosystem;
  const { advisory, standing, compared, answer, deciding } = statement;
  if (answer === false) return undefined;
  const isOpen = (id: string) => standing === 'before' || cleared.get(id)?.isFinal !== true;
  const vulnerabilityIds = vulnerabilitiesOf(advisory).filter(isOpen);
  if (vulnerabilityIds.length === 0) return undefined;

  const { fix, fixedBeyond } = fixesFor(statement, repositoriesOf(pkg), ecosystem);
  const evaluated = deciding.map(({ severity }) => severity).filter((severity) => severity !== null);
  const mitigation = mitigationOf(pkg, vulnerabilityIds);
  const disagreeing = [...new Set(vulnerabilityIds.flatMap((id) => cleared.get(id)?.by ?? []))].toSorted();
  return {
    advisoryId: advisory.id,
    vulnerabilityIds,
    state: answer ? 'affected' : 'unknown',
    fix,
    severity: evaluated.length > 0 ? worstSeverity(evaluated) : null,
    evidence: {
      ...evidenceOf(compared, mostCertain(deciding, compared.version, compare), compare),
      ...(fixedBeyond !== undefined && { fixedBeyond }),
      ...(mitigation !== undefined && { mitigation }),
      ...(disagreeing.length > 0 && { disagreeing }),
    },
  };
}

function evidenceOf({ name, version }: AdvisoryName, entry: AffectedPackage, compare: VersionComparer): MatchEvidence {
  const { ecosystem, release, imports, informational, versions, ranges, cpe, platforms, doubt } = entry;
  const { erratum, stateNote, conditions } = entry;
  const isExact = isListed(version, versions, compare) === true;
  return {
    source: release === null ? ecosystem : `${ecosystem}:${release}`,
    comparedName: name,
    comparedVersion: version,
    range: isExact ? `= ${version}` : hitIn(version, ranges, compare),
    ...(cpe !== undefined && { cpe }),
    ...(cpe !== undefined && isExact && { isExact }),
    ...(platforms !== undefined && { platforms }),
    ...(doubt !== undefined && { doubt }),
    ...(imports !== undefined && { imports }),
    ...(informational !== undefined && { informational }),
    ...(erratum !== undefined && { erratum }),
    ...(stateNote !== undefined && { stateNote }),
    ...(conditions !== undefined && { conditions }),
  };
}

/** Entry with the least doubt; of one record several can include a version. */
function mostCertain(entries: readonly AffectedPackage[], version: string, compare: VersionComparer): AffectedPackage {
  const doubts = ({ versions, platforms, doubt }: AffectedPackage) =>
    Number(doubt !== undefined) * 4 +
    Number(platforms !== undefined) * 2 +
    Number(isListed(version, versions, compare) !== true);
  return entries.toSorted((a, b) => doubts(a) - doubts(b))[0]!;
}

/**
 * Fix in the release, and beyond it if the release has none. A fix beyond it counts as one for an
 * image that gets such packages.
 */
function fixesFor(
  { standing, compared: { version }, answer, deciding, entries, beyond }: AdvisoryStatement,
  repositories: readonly string[],
  { compare, offers }: Ecosystem,
): { fix: AdvisoryMatch['fix']; fixedBeyond?: string } {
  if (!answer) return { fix: { state: 'unknown' } };
  const own: AdvisoryMatch['fix'] =
    standing === 'beyond' ? { state: 'wont-fix' } : fixFor(version, deciding, entries, compare);
  if (own.version !== undefined || beyond.length === 0) return { fix: own };
  const other = fixFor(version, beyond, beyond, compare);
  if (other.version === undefined) return { fix: own };
  const stream = beyond[0]!.stream!;
  return { fix: offers(stream, repositories) ? other : own, fixedBeyond: `${stream} ${other.version}` };
}

/** Lowest fixed version above the installed one that no other range of the advisory contains. */
function fixFor(
  version: string,
  hits: AffectedPackage[],
  entries: AffectedPackage[],
  compare: VersionComparer,
): AdvisoryMatch['fix'] {
  const fixes = hits
    .flatMap(({ ranges }) => ranges.flatMap(fixesOf))
    .filter((fixed) => (tryCompare(fixed, version, compare) ?? -1) > 0)
    .toSorted((a, b) => tryCompare(a, b, compare) ?? 0);
  for (const fixed of fixes.slice(0, maxFixesTried)) {
    const isStillAffected = anyOf(entries.map((entry) => isAffected(fixed, entry, compare)));
    if (isStillAffected === false) return { state: 'fixed', version: fixed };
  }
  return { state: hits.every(({ unfixed }) => unfixed === 'wont-fix') ? 'wont-fix' : 'not-fixed' };
}
