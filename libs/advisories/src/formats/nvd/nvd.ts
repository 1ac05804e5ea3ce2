import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';
import { z } from 'zod';

import type { AffectedPackage } from '../../affected-package.js';
import { anything, readEach, shortText, textOrNothing } from '../../osv-parts.js';
import type { OsvAdvisory } from '../../osv-record.js';
import { programEcosystem } from '../../programs/programs.js';
import { bestCvss, severityOf } from '../../severity.js';
import type { AdvisoryFormat, AdvisoryItem, FeedDocument } from '../format.js';
import { jsonElements } from '../json-elements.js';
import { entriesOf } from './configurations.js';
import { reportedEntries } from './reported.js';

const idPattern = /^NVD-CVE-\d{4}-\d{4,19}$/;
const cvePattern = /^CVE-\d{4}-\d{4,19}$/;
const maxTitleLength = 200;

/**
 * Records of NVD, of which only those about recognized programs are kept: files of a year, of
 * recent changes, and pages of the API, in version 2.0.
 * @see https://nvd.nist.gov/developers/vulnerabilities
 */
export const nvd: AdvisoryFormat = {
  name: 'nvd',
  ecosystem: programEcosystem,
  recognizes: (head) => /"format"\s*:\s*"NVD_CVE"/.test(head) && /"version"\s*:\s*"2\.0"/.test(head),
  owns: (id) => idPattern.test(id),
  read: readDocument,
};

async function* readDocument({ name, bytes }: FeedDocument): AsyncGenerator<AdvisoryItem> {
  for await (const { text, sizeBytes } of jsonElements(bytes)) {
    try {
      const advisory = readNvdRecord(JSON.parse(text));
      const isRemoval = advisory.withdrawn !== null;
      yield { name: advisory.id, advisory, sizeBytes, ...(isRemoval && { isRemoval }) };
    } catch (error) {
      if (error instanceof InvalidInput || error instanceof LimitExceeded) yield { name, error };
      else if (error instanceof SyntaxError) yield { name, error: new InvalidInput('NVD_RECORD', 'not JSON') };
      else throw error;
    }
  }
}

/** Times are in UTC, without a zone. */
const time = z
  .string()
  .transform((text) => (/[zZ]|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`))
  .pipe(z.iso.datetime({ offset: true }));

const recordSchema = z.object({
  id: z.string().regex(cvePattern),
  vulnStatus: shortText.optional().catch(undefined),
  lastModified: time,
  published: time.nullish().catch(null),
  descriptions: anything,
  metrics: z.record(z.string(), z.unknown()).optional().catch(undefined),
  configurations: anything,
  affected: anything,
});
const itemSchema = z.object({ cve: recordSchema });

/**
 * Reads a record. One that was rejected, or is about no recognized program, is withdrawn: it may
 * have been about one before.
 * @throws InvalidInput `NVD_RECORD` without a CVE id or a time of modification
 * @throws LimitExceeded
 */
export function readNvdRecord(json: unknown): OsvAdvisory {
  const parsed = itemSchema.safeParse(json);
  if (!parsed.success)
    throw new InvalidInput('NVD_RECORD', 'not a record of NVD: no CVE id or no time of modification');
  const { id, vulnStatus, lastModified, published = null, descriptions, metrics, ...versions } = parsed.data.cve;
  const dropped: string[] = [];
  const affected = vulnStatus === 'Rejected' ? [] : affectedBy(versions, dropped);
  const scores = scoresOf(metrics, dropped);
  const cvss = bestCvss(scores);
  return {
    id: `NVD-${id}`,
    vulnerabilityId: id,
    aliases: [id],
    modified: lastModified,
    published,
    withdrawn: affected.length === 0 ? lastModified : null,
    title: titleOf(descriptions, dropped) ?? id,
    severity: severityOf(scores, [], cvss) ?? 'unknown',
    cvss,
    affected,
    dropped,
  };
}

/** Entries by NVD's analysts; without any, those of the reporter. */
function affectedBy(
  { configurations, affected }: { configurations?: unknown; affected?: unknown },
  dropped: string[],
): AffectedPackage[] {
  const isAnalyzed = Array.isArray(configurations) && configurations.length > 0;
  return isAnalyzed ? entriesOf(configurations, dropped) : reportedEntries(affected, dropped);
}

const metricSchema = z.object({ type: textOrNothing, cvssData: z.object({ vectorString: z.string() }) });

/** Metrics by their newest version; of one version NVD's own (`Primary`) before the reporter's. */
const metricTypes = [
  ['cvssMetricV40', 'CVSS_V4'],
  ['cvssMetricV31', 'CVSS_V3'],
  ['cvssMetricV30', 'CVSS_V3'],
  ['cvssMetricV2', 'CVSS_V2'],
] as const;

function scoresOf(metrics: Record<string, unknown> | undefined, dropped: string[]) {
  return metricTypes.flatMap(([key, type]) =>
    readEach(metrics?.[key], metricSchema, `metrics ${key}`, dropped)
      .toSorted((a, b) => Number(b.type === 'Primary') - Number(a.type === 'Primary'))
      .map(({ cvssData }) => ({ type, score: cvssData.vectorString })),
  );
}

const descriptionSchema = z.object({ lang: z.string(), value: z.string() });

/** First line of the English description, shortened. */
function titleOf(descriptions: unknown, dropped: string[]): string | undefined {
  const english = readEach(descriptions, descriptionSchema, 'descriptions', dropped).find(({ lang }) =>
    /^en\b/.test(lang),
  );
  const [line = ''] = (english?.value ?? '').replaceAll('\0', '').trim().split('\n', 1);
  const title = line.length > maxTitleLength ? `${line.slice(0, maxTitleLength - 1)}…` : line;
  return title === '' ? undefined : title.trimEnd().toWellFormed();
}
