import { type AdvisorySummary, type Match, type PackageRecord, type Severity, worstSeverity } from '@tidewaiter/domain';
import type { VersionComparer } from '@tidewaiter/versions';

import type { AdvisoryKey } from './advisory-key.js';
import { ecosystems } from './ecosystems.js';
import type { AffectedPackage } from './osv-record.js';
import { type Answer, anyOf, hitIn, isInRange, tryCompare } from './ranges.js';

/** An `affected` entry with its record. Entries of withdrawn records are no candidates. */
export interface AdvisoryCandidate extends AffectedPackage {
  advisory: AdvisorySummary;
}

/** A match with why it is one. */
export interface PackageMatch extends Match {
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
}

/** Raise it when the same package and advisories give another answer: the fleet is then matched again. */
export const matchingVersion = 1;

/** Fixes looked at before we say that there is none. More than one matters only where ranges overlap. */
const maxFixesTried = 20;

/**
 * Matches one package against the advisories that may name it, in the version order of their ecosystem. Entries of other packages
 * and releases are passed over. What cannot be compared gives state `unknown`.
 * @see https://ossf.github.io/osv-schema/#evaluation
 */
export function matchPackage(
  pkg: PackageRecord,
  key: AdvisoryKey,
  candidates: readonly AdvisoryCandidate[],
): PackageMatch[] {
  const ecosystem = ecosystems.get(key.ecosystem);
  if (!ecosystem) return [];
  const named = candidates.filter((entry) => isNamed(entry, key, ecosystem.isReleaseOptional));
  const matches: PackageMatch[] = [];
  for (const [advisoryId, entries] of Map.groupBy(named, ({ advisory }) => advisory.id)) {
    const match = matchAdvisory(pkg.source.version, entries, ecosystem.compare);
    if (match) matches.push({ advisoryId, ...match });
  }
  return matches;
}

function isNamed(entry: AffectedPackage, key: AdvisoryKey, isReleaseOptional: boolean): boolean {
  const isOfRelease = entry.release === key.release || (entry.release === null && isReleaseOptional);
  return entry.ecosystem === key.ecosystem && isOfRelease && key.names.includes(entry.name);
}

function matchAdvisory(
  version: string,
  entries: AffectedPackage[],
  compare: VersionComparer,
): Omit<PackageMatch, 'advisoryId'> | undefined {
  const answers = entries.map((entry) => ({ entry, answer: isAffected(version, entry, compare) }));
  const overall = anyOf(answers.map(({ answer }) => answer));
  if (overall === false) return undefined;

  const hits = answers.filter(({ answer }) => answer === overall).map(({ entry }) => entry);
  const judged = hits.map(({ severity }) => severity).filter((severity) => severity !== null);
  return {
    state: overall ? 'affected' : 'unknown',
    fix: overall ? fixFor(version, hits, entries, compare) : { state: 'unknown' },
    severity: judged.length > 0 ? worstSeverity(judged) : null,
    evidence: evidenceOf(version, hits[0]!, compare),
  };
}

function isAffected(version: string, entry: AffectedPackage, compare: VersionComparer): Answer {
  const inRanges = entry.ranges.map((range) => isInRange(version, range, compare));
  return anyOf([entry.versions.includes(version), ...inRanges, entry.isIncomplete ? undefined : false]);
}

function evidenceOf(version: string, entry: AffectedPackage, compare: VersionComparer): MatchEvidence {
  const { ecosystem, release, name, versions, ranges } = entry;
  return {
    source: release === null ? ecosystem : `${ecosystem}:${release}`,
    comparedName: name,
    comparedVersion: version,
    range: versions.includes(version) ? `= ${version}` : hitIn(version, ranges, compare),
  };
}

/** The smallest fixed version above the installed one that no other range of the advisory calls affected again. */
function fixFor(
  version: string,
  hits: AffectedPackage[],
  entries: AffectedPackage[],
  compare: VersionComparer,
): Match['fix'] {
  const fixes = hits
    .flatMap(({ ranges }) => ranges.flatMap(({ events }) => events))
    .flatMap((event) => ('fixed' in event ? [event.fixed] : []))
    .filter((fixed) => (tryCompare(fixed, version, compare) ?? -1) > 0)
    .toSorted((a, b) => tryCompare(a, b, compare) ?? 0);
  for (const fixed of fixes.slice(0, maxFixesTried)) {
    const isStillAffected = anyOf(entries.map((entry) => isAffected(fixed, entry, compare)));
    if (isStillAffected === false) return { state: 'fixed', version: fixed };
  }
  return { state: hits.every(({ unfixed }) => unfixed === 'wont-fix') ? 'wont-fix' : 'not-fixed' };
}
