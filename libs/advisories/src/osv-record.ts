import { InvalidInput, worstSeverity } from '@tidewaiter/domain';
import type { AdvisorySummary, Severity } from '@tidewaiter/domain';
import { z } from 'zod';

import { ecosystems } from './ecosystems.js';
import { anyOf, isInRange } from './ranges.js';
import type { VersionRange } from './ranges.js';
import { bestCvss, isReadable, severityOf } from './severity.js';
import { aliasesOf, vulnerabilityIdOf } from './vulnerability-id.js';

/** One `affected` entry of a record, in plain JSON. @see https://ossf.github.io/osv-schema/#affected-fields */
export interface AffectedPackage {
  /** Without the release: `Debian`. */
  ecosystem: string;
  /** What follows the first colon: `12`, `v3.20`, `22.04:LTS`; null where the record names no release. */
  release: string | null;
  name: string;
  ranges: VersionRange[];
  /** Affected versions that the ranges do not cover, as far as we can tell. The others would only repeat the ranges. */
  versions: string[];
  /** The source's judgement of this package, which goes before that of the record. */
  severity: Severity | null;
  /** What the source means where it names no fix. */
  unfixed: 'not-fixed' | 'wont-fix';
  /** Some range or version could not be read, so nothing here proves that a version is not affected. */
  isIncomplete: boolean;
}

/** An OSV record in our words. @see https://ossf.github.io/osv-schema/ */
export interface OsvAdvisory extends AdvisorySummary {
  /** ISO 8601. */
  modified: string;
  /** ISO 8601; null where the record does not say. */
  published: string | null;
  /** ISO 8601. A withdrawn record matches nothing; whoever looks up candidates leaves it out. */
  withdrawn: string | null;
  affected: AffectedPackage[];
  /** Places of the parts that could not be read and were left out: `severity[0]`, `affected Debian:12 openssl ranges[1]`. */
  dropped: string[];
}

/** Names and ids of the feeds have below 150 characters. */
const maxNameLength = 500;
const maxTitleLength = 200;
/** More would tell nobody more, and a hostile record can have millions. */
const maxDropped = 100;
/** Comparisons spent on one entry to leave out versions that its ranges cover. Debian needs some 100. */
const maxVersionChecks = 100_000;

// PostgreSQL stores neither NUL nor half a surrogate pair, and one such record must not fail the whole import.
const text = z
  .string()
  .min(1)
  .refine((value) => value.isWellFormed() && !value.includes('\0'));
const shortText = text.max(maxNameLength);
const time = z.iso.datetime({ offset: true });
const anything = z.unknown().optional();
const textOrNothing = z.string().optional().catch(undefined);

const recordSchema = z.object({
  id: shortText,
  modified: time,
  published: time.nullish().catch(null),
  withdrawn: time.nullish().catch(null),
  aliases: anything,
  upstream: anything,
  severity: anything,
  affected: anything,
  summary: textOrNothing,
  details: textOrNothing,
  database_specific: anything,
});

const severitySchema = z.object({ type: text, score: text }).refine(isReadable);

const affectedSchema = z.object({
  // Missing where a record is about commits only.
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

// All of a range or nothing: without its `fixed` it would mean something else.
const rangeSchema = z.object({
  type: z.enum(['ECOSYSTEM', 'SEMVER']),
  events: z.array(eventSchema).refine((events) => events.some((event) => 'introduced' in event)),
});

const anyRangeSchema = z.union([rangeSchema, z.object({ type: z.literal('GIT') })]);

/** What we know of `ecosystem_specific` and `database_specific`, which every source fills in its own way. */
const wordsSchema = z.object({ severity: textOrNothing, urgency: textOrNothing, status: textOrNothing }).catch({});

/**
 * Reads an OSV record. A part that breaks the schema is left out and named in `dropped`: upstream publishes such records.
 * @throws InvalidInput `OSV_RECORD` without an id, a time of modification, or affected packages (a withdrawn record may lack these).
 */
export function readOsvRecord(json: unknown): OsvAdvisory {
  const parsed = recordSchema.safeParse(json);
  if (!parsed.success) throw new InvalidInput('OSV_RECORD', 'not an OSV record: no id or no time of modification');
  const { id, modified, published = null, withdrawn = null, summary, details, ...parts } = parsed.data;
  if (!Array.isArray(parts.affected) && withdrawn === null) {
    throw new InvalidInput('OSV_RECORD', 'not an OSV record: no affected packages');
  }

  const dropped: string[] = [];
  const ids = {
    id,
    aliases: readEach(parts.aliases, shortText, 'aliases', dropped),
    upstream: readEach(parts.upstream, shortText, 'upstream', dropped),
  };
  const scores = readEach(parts.severity, severitySchema, 'severity', dropped);
  const affected = readEach(parts.affected, affectedSchema, 'affected', dropped).flatMap((entry) =>
    readAffected(entry, dropped),
  );
  const cvss = bestCvss(scores);
  const own = severityOf(scores, [wordsSchema.parse(parts.database_specific).severity], cvss);
  return {
    id,
    vulnerabilityId: vulnerabilityIdOf(ids),
    aliases: aliasesOf(ids),
    modified,
    published,
    withdrawn,
    title: titleOf(summary, details) ?? id,
    severity: own ?? worstSeverity(affected.map(({ severity }) => severity ?? 'unknown')),
    cvss,
    affected,
    dropped,
  };
}

function readAffected(entry: z.infer<typeof affectedSchema>, dropped: string[]): AffectedPackage[] {
  if (!entry.package) return [];
  const { ecosystem: qualified, name } = entry.package;
  const [ecosystem = '', ...rest] = qualified.split(':');
  const place = `affected ${qualified} ${name}`;
  const ranges = readEach(entry.ranges, anyRangeSchema, `${place} ranges`, dropped);
  const versions = readEach(entry.versions, text, `${place} versions`, dropped);
  const scores = readEach(entry.severity, severitySchema, `${place} severity`, dropped);
  const specific = wordsSchema.parse(entry.ecosystem_specific);
  const database = wordsSchema.parse(entry.database_specific);
  const versionRanges = ranges.filter((range) => range.type !== 'GIT');
  return [
    {
      ecosystem,
      release: rest.join(':') || null,
      name,
      ranges: versionRanges,
      versions: withoutCovered(versions, versionRanges, ecosystem),
      severity: severityOf(scores, [specific.urgency, specific.severity, database.severity], bestCvss(scores)),
      unfixed: specific.urgency === 'end-of-life' || database.status === 'ignored' ? 'wont-fix' : 'not-fixed',
      isIncomplete: !isWhole(entry.ranges, ranges) || !isWhole(entry.versions, versions),
    },
  ];
}

/** Reads the items that keep to the schema and notes the places of the others. */
function readEach<T>(items: unknown, schema: z.ZodType<T>, place: string, dropped: string[]): T[] {
  if (items === undefined || items === null) return [];
  if (!Array.isArray(items)) {
    drop(place, dropped);
    return [];
  }
  const values: T[] = [];
  for (const [index, item] of items.entries()) {
    const read = schema.safeParse(item);
    if (read.success) values.push(read.data);
    else drop(`${place}[${index}]`, dropped);
  }
  return values;
}

function drop(place: string, dropped: string[]): void {
  if (dropped.length < maxDropped) dropped.push(place);
}

function isWhole(items: unknown, read: unknown[]): boolean {
  return items === undefined || items === null || (Array.isArray(items) && items.length === read.length);
}

/** Debian lists every version that its ranges cover, millions in all; kept are those that only the list knows. */
function withoutCovered(versions: string[], ranges: VersionRange[], ecosystem: string): string[] {
  const compare = ecosystems.get(ecosystem)?.compare;
  const events = ranges.reduce((count, range) => count + range.events.length, 0);
  if (!compare || versions.length * events > maxVersionChecks) return versions;
  return versions.filter((version) => anyOf(ranges.map((range) => isInRange(version, range, compare))) !== true);
}

/** The first line of the first text that has one. */
function titleOf(...texts: (string | undefined)[]): string | undefined {
  for (const candidate of texts) {
    const [line = ''] = (candidate ?? '').replaceAll('\0', '').trim().split('\n', 1);
    if (line === '') continue;
    const title = line.length > maxTitleLength ? `${line.slice(0, maxTitleLength - 1)}…` : line;
    return title.trimEnd().toWellFormed();
  }
  return undefined;
}
