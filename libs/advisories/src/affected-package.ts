import type { Severity } from '@tidewaiter/domain';
import { z } from 'zod';

import type { AffectedConditions } from './conditions.js';
import { type Ecosystem, ecosystems, splitEcosystem } from './ecosystems.js';
import { anything, isWhole, readEach, severitySchema, shortText, text, textOrNothing } from './osv-parts.js';
import { programEcosystem, programOfBitnami } from './programs/programs.js';
import { anyOf, isInRange, spelled, type VersionRange } from './ranges.js';
import { importsSchema, type VulnerableImport } from './reachability.js';
import { bestCvss, severityOf } from './severity.js';

/**
 * One `affected` entry of a record, in plain JSON. @see
 * https://ossf.github.io/osv-schema/#affected-fields
 */
export interface AffectedPackage {
  /** Without the release: `Debian`. */
  ecosystem: string;
  /**
   * `12`, `v3.20`, `22.04:LTS`, the `9` of every CPE of Red Hat 9; null if the record names no
   * release.
   */
  release: string | null;
  /** Part of the release with versions of its own: `Pro`, `rhel_eus:9.4::baseos`. */
  stream?: string;
  /** Name in the form of lookups: for PyPI in lower case with single hyphens. */
  name: string;
  ranges: VersionRange[];
  /**
   * Affected versions outside of the ranges, as far as they can be compared. The others would only
   * repeat the ranges.
   */
  versions: string[];
  /**
   * Restricts the entry to packages built as a part of this module of a distribution: `nodejs:18`;
   * of any module if empty.
   */
  module?: string;
  /** Restricts the entry to these binary packages of the source package. */
  binaries?: string[];
  /** `vendor:product` of the CPE that names a program: `f5:nginx`. */
  cpe?: string;
  /** Platforms of which all are needed beside the program, as far as that is not known. */
  platforms?: string[];
  /**
   * Reason to doubt an entry about a program: no bounds at all, or versions that only the reporter
   * named.
   */
  doubt?: 'all-versions' | 'unreviewed';
  /** Further restrictions, by repository, architecture, flavor or line. */
  conditions?: AffectedConditions;
  /** Whether the name is that of a source package, where records of the ecosystem name binaries. */
  namesSource?: true;
  /** Whether the name is that of a binary package, where records of the ecosystem name sources. */
  namesBinary?: true;
  /**
   * Statement of a VEX document. Of the entries of one advisory that apply to a package, those with
   * the first of {@link vexStatuses} decide.
   */
  status?: EntryStatus;
  /** Erratum that has the fix: `RHSA-2024:5079`. */
  erratum?: string;
  /** State of the fix in the source's own words: `Out of support scope`. */
  stateNote?: string;
  /** Vulnerable functions, if the source lists them. */
  imports?: VulnerableImport[];
  /** Reason why the entry is no vulnerability: `unmaintained`, `unsound`, `notice`. */
  informational?: string;
  /** The source's rating of this package, which precedes that of the record. */
  severity: Severity | null;
  /** State of the fix if the source names none. */
  unfixed: 'not-fixed' | 'wont-fix';
  /**
   * Whether some range or version could not be read or is not trustworthy, so that the entry never
   * proves a version unaffected.
   */
  isIncomplete: boolean;
}

/** Values of most entries, which a store leaves out. */
export const usualEntry: Pick<AffectedPackage, 'versions' | 'severity' | 'unfixed' | 'isIncomplete'> = {
  versions: [],
  severity: null,
  unfixed: 'not-fixed',
  isIncomplete: false,
};

/** Statements of VEX in the order of their precedence: a fix is newer than what preceded it. */
export const vexStatuses = ['fixed', 'affected', 'not-affected', 'investigating'] as const;
export type EntryStatus = (typeof vexStatuses)[number];

/** Limit on comparisons that leave out the covered versions of one entry. Debian needs some 100. */
const maxVersionChecks = 100_000;
const maxBinaries = 2_000;

export const affectedSchema = z.object({
  // Missing in a record about commits only.
  package: z.object({ ecosystem: shortText, name: shortText }).optional(),
  ranges: anything,
  versions: anything,
  severity: anything,
  ecosystem_specific: anything,
  database_specific: anything,
});

const eventSchema = z.union([
  z.strictObject({ introduced: text }),
  z.strictObject({ fixed: text }),
  z.strictObject({ last_affected: text }),
  z.strictObject({ limit: text }),
]);

// A range is read as a whole or not at all: without its `fixed` it would mean something else.
const rangeSchema = z.object({
  type: z.enum(['ECOSYSTEM', 'SEMVER']),
  events: z.array(eventSchema).refine((events) => events.some((event) => 'introduced' in event)),
});

const anyRangeSchema = z.union([rangeSchema, z.object({ type: z.literal('GIT') })]);

/** Known fields of `ecosystem_specific`, which every source fills in its own way. */
const specificSchema = z
  .object({
    /** Red Hat's. */
    rpmmod: shortText.optional().catch(undefined),
    /** Debian's. */
    urgency: textOrNothing,
    severity: textOrNothing,
    /** Go's. */
    imports: importsSchema,
    /** SUSE's: a map of names and fixed versions. */
    binaries: z.array(z.record(z.string(), z.unknown())).optional().catch(undefined),
  })
  .catch({});

/** The same of `database_specific`. */
const databaseSchema = z
  .object({
    severity: textOrNothing,
    /** Ubuntu tracker's. */
    status: textOrNothing,
    /** Debian tracker's. */
    nodsa_reason: textOrNothing,
    /** RustSec's. */
    informational: shortText.optional().catch(undefined),
  })
  .catch({});

/** Fields of the record that its entries need. */
export interface RecordOfEntry {
  id: string;
  summary: string | undefined;
  /** Places of parts that could not be read. */
  dropped: string[];
}

/** Reads one entry; returns nothing for one with commits but no package. */
export function readAffected(
  entry: z.infer<typeof affectedSchema>,
  { id, summary, dropped }: RecordOfEntry,
): AffectedPackage[] {
  if (!entry.package) return [];
  const { ecosystem: qualified, name } = entry.package;
  const { ecosystem, release } = splitEcosystem(qualified);
  const known = ecosystems.get(ecosystem);
  const place = `affected ${qualified} ${name}`;
  const ranges = readEach(entry.ranges, anyRangeSchema, `${place} ranges`, dropped);
  const versions = readEach(entry.versions, text, `${place} versions`, dropped);
  const scores = readEach(entry.severity, severitySchema, `${place} severity`, dropped);
  const specific = specificSchema.parse(entry.ecosystem_specific);
  const database = databaseSchema.parse(entry.database_specific);
  const stated = ranges.filter((range) => range.type !== 'GIT');
  const versionRanges = id.startsWith('MAL-') ? withoutFiller(stated, versions) : stated;
  const { urgency, imports } = specific;
  const [ownName, ...otherNames] = (known ?? unknownEcosystem).recordNames(name);
  const own: AffectedPackage = {
    ecosystem,
    ...(known ?? unknownEcosystem).readRelease(release),
    name: ownName,
    ranges: versionRanges,
    versions: known ? withoutCovered(versions, versionRanges, known) : versions,
    ...meantBy(specific, versionRanges, summary, known),
    ...(imports !== undefined && { imports }),
    ...(database.informational !== undefined && { informational: database.informational }),
    severity: severityOf(scores, [urgency, specific.severity, database.severity], bestCvss(scores)),
    unfixed: isGivenUp(urgency, database) ? 'wont-fix' : 'not-fixed',
    isIncomplete:
      !isWhole(entry.ranges, ranges) || !isWhole(entry.versions, versions) || versionRanges.length < stated.length,
  };
  return [own, ...otherNames.map((other) => ({ ...own, name: other })), ...programEntries(own)];
}

/** The same entry about the program that Bitnami packages, whose upstream versions are the same. */
function programEntries(entry: AffectedPackage): AffectedPackage[] {
  const program = entry.ecosystem === 'Bitnami' ? programOfBitnami(entry.name) : undefined;
  if (program === undefined) return [];
  const { name, spelling } = program;
  const ranges = spelling === undefined ? entry.ranges : entry.ranges.map((range) => spelled(range, spelling));
  return [{ ...entry, ecosystem: programEcosystem, release: name, name, ranges }];
}

/**
 * A record of malware that lists versions may also contain a range of all versions; applied, it
 * would match every honest release.
 */
function withoutFiller(ranges: VersionRange[], versions: readonly string[]): VersionRange[] {
  const isFiller = ({ events }: VersionRange) =>
    events.every((event) => 'introduced' in event && event.introduced === '0');
  const named = ranges.filter((range) => !isFiller(range));
  return named.length > 0 || versions.length > 0 ? named : ranges;
}

const unknownEcosystem: Pick<Ecosystem, 'readRelease' | 'recordNames'> = {
  readRelease: (release) => ({ release: release || null }),
  recordNames: (name) => [name],
};

/** Restricts an entry to a module or to binaries, if it does not mean all packages of the name. */
function meantBy(
  { rpmmod, binaries: lists = [] }: z.infer<typeof specificSchema>,
  ranges: readonly VersionRange[],
  summary: string | undefined,
  ecosystem: Ecosystem | undefined,
): Pick<AffectedPackage, 'module' | 'binaries'> {
  const module = rpmmod ?? moduleOf(ranges, summary);
  const binaries = ecosystem?.listsBinaries ? lists.flatMap((list) => Object.keys(list)).slice(0, maxBinaries) : [];
  return { ...(module !== undefined && { module }), ...(binaries.length > 0 && { binaries }) };
}

function isGivenUp(urgency: string | undefined, { status, nodsa_reason }: z.infer<typeof databaseSchema>): boolean {
  return urgency === 'end-of-life' || urgency === 'unimportant' || status === 'ignored' || nodsa_reason === 'ignored';
}

/** AlmaLinux and Rocky name the module in the title: `Moderate: nodejs:18 security update`. */
function moduleOf(ranges: readonly VersionRange[], summary: string | undefined): string | undefined {
  const isOfModule = ranges.some(({ events }) => events.some((event) => 'fixed' in event && isModular(event.fixed)));
  if (!isOfModule) return undefined;
  return /(?:^|\s)([a-z0-9][\w.+-]{0,99}:[\w.+-]{1,99})(?: |$)/i.exec(summary ?? '')?.[1] ?? '';
}

/**
 * Whether a package was built as a part of a module, by its version:
 * `1.16.2-4.module_el8.5.0+2608+72063365`.
 */
export function isModular(version: string): boolean {
  return /\.module[+_]/.test(version);
}

/** Drops versions that the ranges cover: Debian lists all of those, millions in total. */
function withoutCovered(versions: string[], ranges: VersionRange[], { compare }: Ecosystem): string[] {
  const events = ranges.reduce((count, range) => count + range.events.length, 0);
  if (versions.length * events > maxVersionChecks) return versions;
  return versions.filter((version) => anyOf(ranges.map((range) => isInRange(version, range, compare))) !== true);
}
