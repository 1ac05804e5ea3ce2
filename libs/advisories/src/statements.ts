import type { AdvisorySummary, PackageRecord } from '@tidewaiter/domain';
import type { VersionComparer } from '@tidewaiter/versions';

import type { AdvisoryKey } from './advisory-key.js';
import { type AffectedPackage, isModular, vexStatuses } from './affected-package.js';
import { type ConditionFacts, meetsConditions, meetsCpe } from './conditions.js';
import type { AdvisoryName, Ecosystem } from './ecosystems.js';
import { type Tristate, anyOf, isInRange, isListed, tryCompare } from './ranges.js';
import type { Standing } from './releases.js';
import { repositoriesOf } from './repositories.js';
import type { CpeLookup } from './repository-map.js';
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
  lookup: CpeLookup,
): AdvisoryStatement[] {
  const facts = factsOf(pkg, key, ecosystem, lookup);
  const named = candidates.flatMap((entry) => {
    const conditions = [isOfModule(entry, pkg, ecosystem), meetsConditions(entry.conditions, facts)];
    const isOther = conditions.includes(false) || !isAbout(entry, pkg, key, ecosystem);
    return isOther ? [] : [{ entry, isCertain: !conditions.includes(undefined) }];
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
  lookup: CpeLookup,
): ConditionFacts {
  const ids = repositoriesOf({ qualifiers });
  return {
    version,
    ...(arch !== undefined && { arch }),
    repository: ids[0] === undefined ? undefined : ecosystem.repositoryOf(ids[0], release),
    cpes: ecosystem.cpesOf(ids, lookup),
  };
}

/** Enabled repositories whose CPE an entry is about. */
export function repositoriesMeeting(
  { conditions }: AffectedPackage,
  pkg: PackageRecord,
  ecosystem: Ecosystem,
  lookup: CpeLookup,
): string[] {
  return repositoriesOf(pkg).filter((id) => {
    const own = ecosystem.cpesOf([id], lookup);
    return own !== undefined && conditions?.cpes?.some((cpe) => meetsCpe(cpe, own));
  });
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
  return entry.binaries?.includes(pkg.name) ?? true;
}

/**
 * A module has packages of names and versions of its own, which compare with those of no other.
 * The enabled modules decide about packages that do not name theirs: several, with commas.
 */
function isOfModule(
  { module }: AffectedPackage,
  { type, version, qualifiers }: PackageRecord,
  { namesModules }: Ecosystem,
): Tristate {
  if (type !== 'rpm') return true;
  const own = qualifiers?.['modularity']?.split(',');
  if (!namesModules && module === undefined) return true;
  if (own === undefined && !isModular(version)) return module === undefined;
  if (module === undefined) return false;
  if (own === undefined) return namesModules ? true : undefined;
  return module === '' || own.some((each) => each === module || each.startsWith(`${module}:`));
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
  const isNamed = ({ entry }: Applicable, { name, isSource = false, isBinary = false }: AdvisoryName) =>
    entry.name === name && (entry.namesSource ?? false) === isSource && (entry.namesBinary ?? false) === isBinary;
  const compared = names.find((name) => candidates.some((each) => isNamed(each, name)));
  if (!compared) return undefined;
  const named = candidates.filter((each) => isNamed(each, compared));
  const byStanding = Map.groupBy(named, ({ entry }) => standingOf(entry, compared, ecosystem));
  const standing = (['before', 'equal', 'beyond'] as const).find((each) => byStanding.has(each));
  if (standing === undefined) return undefined;
  const applicable = withFirstStatus(byStanding.get(standing)!, compared.version, ecosystem.compare);
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

/**
 * Entries with the status that precedes the others; all of them if none has a status. Of several
 * fixes in the enabled repositories the lowest one counts, since later ones include it; of several
 * lines of a package, that of the installed one.
 */
function withFirstStatus(
  candidates: readonly Applicable[],
  version: string,
  compare: VersionComparer,
): readonly Applicable[] {
  const first = vexStatuses.find((status) => candidates.some(({ entry }) => entry.status === status));
  if (first === undefined) return candidates;
  const stated = candidates.filter(({ entry }) => entry.status === first);
  if (first !== 'fixed') return stated;
  const fixOf = ({ entry }: Applicable) => entry.ranges.flatMap(fixesOf)[0];
  const known = stated.filter((each) => fixOf(each) !== undefined);
  const ofLine = known.filter((each) => upstreamOf(fixOf(each)!) === upstreamOf(version));
  const [lowest] = (ofLine.length > 0 ? ofLine : known).toSorted(
    (a, b) => tryCompare(fixOf(a)!, fixOf(b)!, compare) ?? 0,
  );
  return lowest ? [lowest] : stated;
}

/** `2.24.0` of `2.24.0-8.20.1`: releases of one upstream version follow one another. */
function upstreamOf(version: string): string {
  const end = version.lastIndexOf('-');
  return end === -1 ? version : version.slice(0, end);
}

/** Statements of the vendor itself precede those of others. */
function standingOf(
  { stream, status, ranges }: AffectedPackage,
  compared: AdvisoryName,
  { standing }: Ecosystem,
): Standing {
  if (status !== undefined) return 'before';
  return stream === undefined ? 'equal' : standing(compared.version, stream, ranges.flatMap(fixesOf));
}
