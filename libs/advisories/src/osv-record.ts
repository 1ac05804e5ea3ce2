import { InvalidInput, worstSeverity } from '@tidewaiter/domain';
import type { AdvisorySummary } from '@tidewaiter/domain';
import { z } from 'zod';

import { affectedSchema, type AffectedPackage, readAffected } from './affected-package.js';
import { ecosystems } from './ecosystems.js';
import { anything, readEach, severitySchema, shortText, textOrNothing } from './osv-parts.js';
import { bestCvss, severityOf } from './severity.js';
import { aliasesOf, type OsvIds, vulnerabilityIdOf } from './vulnerability-id.js';

/** Normalized OSV record. @see https://ossf.github.io/osv-schema/ */
export interface OsvAdvisory extends AdvisorySummary {
  /** ISO 8601. */
  modified: string;
  /** ISO 8601; null if the record has none. */
  published: string | null;
  /** ISO 8601. A withdrawn record matches nothing; lookups of candidates omit it. */
  withdrawn: string | null;
  affected: AffectedPackage[];
  /**
   * Places of unreadable parts that were left out: `severity[0]`, `affected Debian:12 openssl
   * ranges[1]`.
   */
  dropped: string[];
}

/** Advisory without its packages, as stores keep it. */
export type AdvisoryRecord = Omit<OsvAdvisory, 'affected' | 'dropped'>;

/**
 * Advisory whose entries are texts of JSON without {@link usualEntry}, ecosystem, release and name:
 * one store hands them to another as they are.
 */
export interface PackedAdvisory {
  record: AdvisoryRecord;
  entries: (Pick<AffectedPackage, 'ecosystem' | 'release' | 'name'> & { text: string })[];
}

const maxTitleLength = 200;

const time = z.iso.datetime({ offset: true });
/** Go's zero time, which its database writes for reports that are not published yet. */
const zeroYear = '0001-';

const recordSchema = z.object({
  id: shortText,
  modified: time,
  published: time.nullish().catch(null),
  withdrawn: time.nullish().catch(null),
  aliases: anything,
  upstream: anything,
  related: anything,
  severity: anything,
  affected: anything,
  summary: textOrNothing,
  details: textOrNothing,
  database_specific: z.object({ severity: textOrNothing }).catch({ severity: undefined }),
});

/**
 * Parses an OSV record. A part that violates the schema is left out and named in `dropped`:
 * upstream publishes such records.
 * @throws InvalidInput `OSV_RECORD` without an id, a time of modification, or affected packages (a
 * withdrawn record may lack these).
 */
export function readOsvRecord(json: unknown): OsvAdvisory {
  const parsed = recordSchema.safeParse(json);
  if (!parsed.success) throw new InvalidInput('OSV_RECORD', 'not an OSV record: no id or no time of modification');
  const { id, modified, published = null, withdrawn = null, summary, details, ...parts } = parsed.data;
  if (!Array.isArray(parts.affected) && withdrawn === null) {
    throw new InvalidInput('OSV_RECORD', 'not an OSV record: no affected packages');
  }

  const dropped: string[] = [];
  const scores = readEach(parts.severity, severitySchema, 'severity', dropped);
  const entries = readEach(parts.affected, affectedSchema, 'affected', dropped);
  const affected = entries.flatMap((entry) => readAffected(entry, { id, summary, dropped }));
  const ids = idsOf(id, parts, affected, dropped);
  const cvss = bestCvss(scores);
  const own = severityOf(scores, [parts.database_specific.severity, wordIn(summary)], cvss);
  return {
    id,
    vulnerabilityId: vulnerabilityIdOf(ids),
    aliases: aliasesOf(ids),
    modified,
    published: published?.startsWith(zeroYear) ? null : published,
    withdrawn,
    title: titleOf(summary, details) ?? id,
    severity: own ?? worstSeverity(affected.map(({ severity }) => severity ?? 'unknown')),
    cvss,
    affected,
    dropped,
  };
}

function idsOf(
  id: string,
  parts: Pick<z.infer<typeof recordSchema>, 'aliases' | 'upstream' | 'related'>,
  affected: readonly AffectedPackage[],
  dropped: string[],
): OsvIds {
  const aliases = readEach(parts.aliases, shortText, 'aliases', dropped);
  const upstream = readEach(parts.upstream, shortText, 'upstream', dropped);
  const related = readEach(parts.related, shortText, 'related', dropped);
  // AlmaLinux and Rocky list the vulnerabilities that an update fixes in `related`. Other sources
  // do not use it for the subject of a record.
  const isErratum = affected.length > 0 && affected.every(({ ecosystem }) => ecosystems.get(ecosystem)?.isDistribution);
  const isAboutRelated = isErratum && aliases.length === 0 && upstream.length === 0;
  return { id, aliases, upstream: isAboutRelated ? related : upstream };
}

/** AlmaLinux and Rocky name the severity in the title: `Important: curl security update`. */
function wordIn(summary = ''): string | undefined {
  return /^(Critical|Important|Moderate|Low): /.exec(summary)?.[1];
}

/** First line of the first text that has one. */
function titleOf(...texts: (string | undefined)[]): string | undefined {
  for (const candidate of texts) {
    const [line = ''] = (candidate ?? '').replaceAll('\0', '').trim().split('\n', 1);
    if (line === '') continue;
    const title = line.length > maxTitleLength ? `${line.slice(0, maxTitleLength - 1)}…` : line;
    return title.trimEnd().toWellFormed();
  }
  return undefined;
}
