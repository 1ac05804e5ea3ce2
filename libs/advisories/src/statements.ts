import type { AdvisorySummary, PackageRecord } from '@tidewaiter/domain';
import type { VersionComparer } from '@tidewaiter/versions';

import type { AdvisoryKey } from './advisory-key.js';
import { type AffectedPackage, isModular, vexStatuses } from './affected-package.js';
import { type ConditionFacts, meetsConditions } from './conditions.js';
import type { AdvisoryName, Ecosystem } from './ecosystems.js';
import { type Tristate, anyOf, isInRange, isListed } from './ranges.js';
import type { Standing } from './releases.js';
import { vulnerabilitiesOf } from './vulnerability-id.js';

/** `affected` entry with its record. Entries of withdrawn records are no candidates. */
export interface AdvisoryCandidate extends AffectedPackage {
  advisory: AdvisorySummary;
}

/** Result of one advisory for a package. */
export interface AdvisoryStatement {
  advisory: AdvisorySummary;
  /** Applicable entries, all of one standing. */
  entries: AffectedPackage[];
  standing: Standing;
  compared: AdvisoryName;
  answer: Tristate;
  /** Entries that decide the result. */
  deciding: AffectedPackage[];
  /** Entries about paid streams beyond the release. */
  beyond: AffectedPackage[];
}

/**
 * Vulnerabilities that a version does not have, with the advisories that exclude it and whether
 * these precede the others.
 */
export type Cleared = ReadonlyMap<string, { by: string[]; isFinal: boolean }>;

/**
 * Statements of each advisory about a package; skips entries of other packages, releases, modules
 * and streams.
 */
export function statementsAbout(
  pkg: PackageRecord,
  key: AdvisoryKey,
  candidates: readonly AdvisoryCandidate[],
  ecosystem: Ecosystem,
): AdvisoryStatement[] {
  const facts = factsOf(pkg, key, ecosystem);
  const named = candidates.flatMap((entry) => {
    const applies = isAbout(entry, pkg, key, ecosystem) && meetsConditions(entry.conditions, facts);
    return applies === false ? [] : [{ entry, isCertain: applies === true }];
  });
  const names = ecosystem.namesOf(pkg);
  const byAdvisory = Map.groupBy(named, ({ entry }) => entry.advisory.id);
  return [...byAdvisory.values()].flatMap((entries) => statementOf(names, entries, ecosystem) ?? []);
}

/** An entry about a package, unless `isCertain` is false: then that depends on unknown facts. */
interface Applicable {
  entry: AdvisoryCandidate;
  isCertain: boolean;
}

function factsOf(
  { version, arch, qualifiers }: PackageRecord,
  { release }: AdvisoryKey,
  ecosystem: Ecosystem,
): ConditionFacts {
  const id = qualifiers?.['repository_id'];
  return {
    version,
    arch: arch ?? undefined,
    repository: id === undefined ? undefined : ecosystem.repositoryOf(id, release),
  };
}

export function clearedBy(statements: readonly AdvisoryStatement[]): Cleared {
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

export function isAffected(version: string, entry: AffectedPackage, compare: VersionComparer): Tristate {
  const inRanges = entry.ranges.map((range) => isInRange(version, range, compare));
  return anyOf([isListed(version, entry.versions, compare), ...inRanges, entry.isIncomplete ? undefined : false]);
}

export function fixesOf({ events }: AffectedPackage['ranges'][number]): string[] {
  return events.flatMap((event) => ('fixed' in event ? [event.fixed] : []));
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

/**
 * Statement of an advisory about a package, under the first name that it lists; undefined if all
 * entries are about others.
 */
function statementOf(
  names: readonly AdvisoryName[],
  candidates: readonly Applicable[],
  ecosystem: Ecosystem,
): AdvisoryStatement | undefined {
  const compared = names.find(({ name }) => candidates.some(({ entry }) => entry.name === name));
  if (!compared) return undefined;
  const named = candidates.filter(({ entry }) => entry.name === compared.name);
  const byStanding = Map.groupBy(named, ({ entry }) => standingOf(entry, compared, ecosystem));
  const standing = (['before', 'equal', 'beyond'] as const).find((each) => byStanding.has(each));
  if (standing === undefined) return undefined;
  const applicable = withFirstStatus(byStanding.get(standing)!);
  const entries = applicable.map(({ entry }) => entry);
  const answers = applicable.map(({ entry, isCertain }) => {
    const affected = isAffected(compared.version, entry, ecosystem.compare);
    return isCertain || affected === false ? affected : undefined;
  });
  const answer = anyOf(answers);
  const deciding = entries.filter((_, index) => answers[index] === answer);
  const beyond = (byStanding.get('beyond') ?? []).map(({ entry }) => entry);
  return { advisory: entries[0]!.advisory, entries, standing, compared, answer, deciding, beyond };
}

/** Entries with the status that precedes the others; all of them if none has a status. */
function withFirstStatus(candidates: readonly Applicable[]): readonly Applicable[] {
  const first = vexStatuses.find((status) => candidates.some(({ entry }) => entry.status === status));
  return first === undefined ? candidates : candidates.filter(({ entry }) => entry.status === first);
}

function standingOf({ stream, ranges }: AffectedPackage, compared: AdvisoryName, { standing }: Ecosystem): Standing {
  return stream === undefined ? 'equal' : standing(compared.version, stream, ranges.flatMap(fixesOf));
}
