import { worstSeverity } from '@tidewaiter/domain';
import type { Match, PackageRecord, Severity } from '@tidewaiter/domain';
import type { VersionComparer } from '@tidewaiter/versions';

import { advisoryKeyOf, ecosystems } from './distribution.js';
import type { AdvisoryKey, Distribution, Ecosystem } from './distribution.js';
import type { AffectedPackage } from './osv-record.js';
import { anyOf, isInRange, tryCompare } from './ranges.js';
import type { Answer } from './ranges.js';

/** An `affected` entry with the id of its record. Entries of withdrawn records are no candidates. */
export type AdvisoryCandidate = AffectedPackage & { advisoryId: string };

/** A match with the source's judgement of this package; null where only the record's counts. */
export interface PackageMatch extends Match {
  severity: Severity | null;
}

/** Fixes looked at before we say that there is none. More than one matters only where ranges overlap. */
const maxFixesTried = 20;

/**
 * Matches one package against the advisories that may name it, by its source package and the distribution's own version order.
 * Entries of other packages and releases are passed over. What cannot be compared gives state `unknown`.
 * @see https://ossf.github.io/osv-schema/#evaluation
 */
export function matchPackage(
  pkg: PackageRecord,
  distribution: Distribution,
  affected: AdvisoryCandidate[],
): PackageMatch[] {
  const ecosystem = ecosystems.get(distribution.ecosystem);
  if (!ecosystem) return [];
  const key = advisoryKeyOf(pkg, distribution);
  const named = affected.filter((entry) => names(entry, key, ecosystem));
  const matches: PackageMatch[] = [];
  for (const [advisoryId, entries] of Map.groupBy(named, (entry) => entry.advisoryId)) {
    const match = matchAdvisory(pkg.source.version, entries, ecosystem.compare);
    if (match) matches.push({ advisoryId, ...match });
  }
  return matches;
}

function names(entry: AffectedPackage, key: AdvisoryKey, { isReleaseOptional }: Ecosystem): boolean {
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
  };
}

function isAffected(version: string, entry: AffectedPackage, compare: VersionComparer): Answer {
  const inRanges = entry.ranges.map((range) => isInRange(version, range, compare));
  return anyOf([entry.versions.includes(version), ...inRanges, entry.isIncomplete ? undefined : false]);
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
