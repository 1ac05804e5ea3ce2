import { type AdvisorySummary, type Match, type PackageRecord, type Severity, worstSeverity } from '@tidewaiter/domain';
import type { VersionComparer } from '@tidewaiter/versions';

import type { AdvisoryKey } from './advisory-key.js';
import { type AffectedPackage, isModular } from './affected-package.js';
import { type AdvisoryName, type Ecosystem, ecosystems } from './ecosystems.js';
import { mitigationOf } from './mitigations.js';
import { type Answer, anyOf, hitIn, isInRange, isListed, tryCompare } from './ranges.js';
import type { Standing } from './releases.js';
import { vulnerabilitiesOf } from './vulnerability-id.js';

/** An `affected` entry with its record. Entries of withdrawn records are no candidates. */
export interface AdvisoryCandidate extends AffectedPackage {
  advisory: AdvisorySummary;
}

/** A match with why it is one. */
export interface PackageMatch extends Match {
  /** The ids under which people know what the advisory is about: one for most, one for each CVE of an update that fixes several. */
  vulnerabilityIds: string[];
  /** The source's judgement of this package; null where only the record's counts. */
  severity: Severity | null;
  evidence: MatchEvidence;
}

/** What was compared, for people. */
export interface MatchEvidence {
  /** The ecosystem with its release: `Debian:12`, `npm`. */
  source: string;
  comparedName: string;
  comparedVersion: string;
  /** Affected versions around the compared one: `>= 1.0, < 1.5`, `all versions`. */
  range: string;
  /** Why it is no vulnerability: `unmaintained`. */
  informational?: string;
  /** What who pays for more than the release gets: `Pro 1.2-3ubuntu4+esm1`. */
  fixedBeyond?: string;
  /** Why the hole is closed although the version has it. */
  mitigation?: string;
  /** Advisories about the same vulnerability which do not call this version affected. */
  disagreeing?: string[];
}

/** What one advisory says about a package. */
interface Statement {
  advisory: AdvisorySummary;
  /** Entries that speak, all of one standing. */
  entries: AffectedPackage[];
  standing: Standing;
  compared: AdvisoryName;
  answer: Answer;
}

/** Fixes looked at before we say that there is none. More than one matters only where ranges overlap. */
const maxFixesTried = 20;

/**
 * Matches one package against the advisories that may name it, in the version order of their ecosystem. Entries of other packages,
 * releases, modules and streams are passed over. What cannot be compared gives state `unknown`.
 * @see https://ossf.github.io/osv-schema/#evaluation
 */
export function matchPackage(
  pkg: PackageRecord,
  key: AdvisoryKey,
  candidates: readonly AdvisoryCandidate[],
): PackageMatch[] {
  const ecosystem = ecosystems.get(key.ecosystem);
  if (!ecosystem) return [];
  const named = candidates.filter((entry) => isAbout(entry, pkg, key, ecosystem));
  const names = ecosystem.namesOf(pkg);
  const byAdvisory = Map.groupBy(named, ({ advisory }) => advisory.id);
  const statements = [...byAdvisory.values()].flatMap((entries) => statementOf(names, entries, ecosystem) ?? []);
  const cleared = clearedBy(statements);
  return statements.flatMap((statement) => matchOf(statement, pkg, cleared, ecosystem.compare) ?? []);
}

function isAbout(entry: AffectedPackage, pkg: PackageRecord, key: AdvisoryKey, ecosystem: Ecosystem): boolean {
  const isOfRelease = entry.release === key.release || (entry.release === null && ecosystem.isReleaseOptional);
  if (entry.ecosystem !== key.ecosystem || !isOfRelease || !key.names.includes(entry.name)) return false;
  return isOfModule(entry, pkg) && (entry.binaries?.includes(pkg.name) ?? true);
}

/** A module has packages of names and versions of its own, which compare with those of no other. */
function isOfModule({ module }: AffectedPackage, { type, version, qualifiers }: PackageRecord): boolean {
  if (type !== 'rpm') return true;
  const own = qualifiers?.['modularity'];
  if (own === undefined && !isModular(version)) return module === undefined;
  return module !== undefined && (own === undefined || module === '' || own === module || own.startsWith(`${module}:`));
}

/** What an advisory says of a package under the first name that it knows; undefined where all it has is about others. */
function statementOf(
  names: readonly AdvisoryName[],
  candidates: readonly AdvisoryCandidate[],
  ecosystem: Ecosystem,
): Statement | undefined {
  const compared = names.find(({ name }) => candidates.some((entry) => entry.name === name))!;
  const named = candidates.filter(({ name }) => name === compared.name);
  const byStanding = Map.groupBy(named, (entry) => standingOf(entry, compared, ecosystem));
  const standing = (['before', 'equal', 'beyond'] as const).find((each) => byStanding.has(each));
  if (standing === undefined) return undefined;
  const entries = byStanding.get(standing)!;
  const answer = anyOf(entries.map((entry) => isAffected(compared.version, entry, ecosystem.compare)));
  return { advisory: entries[0]!.advisory, entries, standing, compared, answer };
}

function standingOf({ stream, ranges }: AffectedPackage, compared: AdvisoryName, { standing }: Ecosystem): Standing {
  return stream === undefined ? 'equal' : standing(compared.version, stream, ranges.flatMap(fixesOf));
}

/** Vulnerabilities from which a version is free, with the advisories that say so and whether these go before the others. */
type Cleared = ReadonlyMap<string, { by: string[]; isFinal: boolean }>;

function clearedBy(statements: readonly Statement[]): Cleared {
  const cleared = new Map<string, { by: string[]; isFinal: boolean }>();
  for (const { advisory, standing, answer } of statements) {
    if (answer !== false || standing === 'beyond') continue;
    for (const id of vulnerabilitiesOf(advisory)) {
      const known = cleared.get(id) ?? { by: [], isFinal: false };
      cleared.set(id, { by: [...known.by, advisory.id], isFinal: known.isFinal || standing === 'before' });
    }
  }
  return cleared;
}

function matchOf(
  { advisory, entries, standing, compared, answer }: Statement,
  pkg: PackageRecord,
  cleared: Cleared,
  compare: VersionComparer,
): PackageMatch | undefined {
  if (answer === false) return undefined;
  const isOpen = (id: string) => standing === 'before' || cleared.get(id)?.isFinal !== true;
  const vulnerabilityIds = vulnerabilitiesOf(advisory).filter(isOpen);
  if (vulnerabilityIds.length === 0) return undefined;

  const { version } = compared;
  const hits = entries.filter((entry) => isAffected(version, entry, compare) === answer);
  const judged = hits.map(({ severity }) => severity).filter((severity) => severity !== null);
  const fix = answer ? fixFor(version, hits, entries, compare) : { state: 'unknown' as const };
  const mitigation = mitigationOf(pkg, vulnerabilityIds);
  const disagreeing = [...new Set(vulnerabilityIds.flatMap((id) => cleared.get(id)?.by ?? []))].toSorted();
  return {
    advisoryId: advisory.id,
    vulnerabilityIds,
    state: answer ? 'affected' : 'unknown',
    // A fix that this release will never see.
    fix: standing === 'beyond' && answer ? { state: 'wont-fix' } : fix,
    severity: judged.length > 0 ? worstSeverity(judged) : null,
    evidence: {
      ...evidenceOf(compared, hits[0]!, compare),
      ...(standing === 'beyond' && fix.version !== undefined && { fixedBeyond: `${hits[0]!.stream} ${fix.version}` }),
      ...(mitigation !== undefined && { mitigation }),
      ...(disagreeing.length > 0 && { disagreeing }),
    },
  };
}

function isAffected(version: string, entry: AffectedPackage, compare: VersionComparer): Answer {
  const inRanges = entry.ranges.map((range) => isInRange(version, range, compare));
  return anyOf([isListed(version, entry.versions, compare), ...inRanges, entry.isIncomplete ? undefined : false]);
}

function evidenceOf({ name, version }: AdvisoryName, entry: AffectedPackage, compare: VersionComparer): MatchEvidence {
  const { ecosystem, release, informational, versions, ranges } = entry;
  return {
    source: release === null ? ecosystem : `${ecosystem}:${release}`,
    comparedName: name,
    comparedVersion: version,
    range: isListed(version, versions, compare) ? `= ${version}` : hitIn(version, ranges, compare),
    ...(informational !== undefined && { informational }),
  };
}

function fixesOf({ events }: AffectedPackage['ranges'][number]): string[] {
  return events.flatMap((event) => ('fixed' in event ? [event.fixed] : []));
}

/** The smallest fixed version above the installed one that no other range of the advisory calls affected again. */
function fixFor(
  version: string,
  hits: AffectedPackage[],
  entries: AffectedPackage[],
  compare: VersionComparer,
): Match['fix'] {
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
