import { InvalidInput, LimitExceeded, type Severity } from '@tidewaiter/domain';
import { z } from 'zod';

import type { AffectedPackage, EntryStatus } from '../../affected-package.js';
import type { AffectedConditions } from '../../conditions.js';
import type { OsvAdvisory } from '../../osv-record.js';
import { readRedHatRelease } from '../../releases.js';
import { bestCvss, severityOf } from '../../severity.js';
import { aliasesOf, vulnerabilityIdOf } from '../../vulnerability-id.js';
import type { AdvisoryFormat, AdvisoryItem, FeedDocument } from '../format.js';
import { type Component, type RepositoryPackage, readProducts } from './products.js';

/** Limit on one document; the largest of the old feed has some 30 MB. */
const maxDocumentBytes = 128 * 1024 * 1024;
const cve = /^CVE-\d{4}-\d{4,19}$/;

/**
 * Statements of Red Hat about one vulnerability in each of its products, in CSAF VEX. The old feed
 * names every binary package; the new one names source packages only.
 * @see https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html#45-profile-5-vex
 */
export const redHatVex: AdvisoryFormat = {
  name: 'redhat-vex',
  ecosystem: 'Red Hat',
  recognizes: (head) => /"category"\s{0,100}:\s{0,100}"csaf_vex"/.test(head) && head.includes('https://www.redhat.com'),
  owns: (id) => id.startsWith('REDHAT-CVE-'),
  read: readStatements,
};

async function* readStatements({ name, bytes }: FeedDocument): AsyncGenerator<AdvisoryItem> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of bytes) {
    sizeBytes += piece.length;
    if (sizeBytes > maxDocumentBytes) {
      yield { name, error: new LimitExceeded('maxDocumentBytes', `more than ${maxDocumentBytes} bytes`) };
      return;
    }
    pieces.push(piece);
  }
  try {
    yield { name, advisory: advisoryOf(parsed(Buffer.concat(pieces))), sizeBytes };
  } catch (error) {
    if (!(error instanceof InvalidInput || error instanceof LimitExceeded)) throw error;
    yield { name, error };
  }
}

const productIds = z.array(z.string()).default([]);

const documentSchema = z.object({
  document: z.object({
    title: z.string().catch(''),
    aggregate_severity: z.object({ text: z.string() }).optional().catch(undefined),
    tracking: z.object({
      id: z.string(),
      current_release_date: z.iso.datetime({ offset: true }),
      initial_release_date: z.iso.datetime({ offset: true }),
    }),
  }),
  product_tree: z.unknown(),
  vulnerabilities: z
    .array(
      z.object({
        cve: z.string().regex(cve),
        product_status: z
          .object({
            fixed: productIds,
            known_affected: productIds,
            known_not_affected: productIds,
            under_investigation: productIds,
          })
          .default({ fixed: [], known_affected: [], known_not_affected: [], under_investigation: [] }),
        remediations: z
          .array(
            z.object({
              category: z.string(),
              details: z.string().default(''),
              url: z.string().default(''),
              product_ids: productIds,
            }),
          )
          .default([]),
        threats: z.array(z.object({ category: z.string(), details: z.string(), product_ids: productIds })).default([]),
        scores: z.array(z.object({ cvss_v3: z.object({ vectorString: z.string() }).optional() })).default([]),
      }),
    )
    .length(1),
});

type Vulnerability = z.infer<typeof documentSchema>['vulnerabilities'][number];

function parsed(content: Buffer): z.infer<typeof documentSchema> {
  let json: unknown;
  try {
    json = JSON.parse(content.toString('utf8'));
  } catch (cause) {
    throw new InvalidInput('REDHAT_VEX_INVALID', 'not JSON', { cause });
  }
  const read = documentSchema.safeParse(json);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new InvalidInput('REDHAT_VEX_INVALID', `not a VEX document: ${issue?.path.join('.').slice(0, 200)}`);
}

function advisoryOf({ document, product_tree: tree, vulnerabilities }: z.infer<typeof documentSchema>): OsvAdvisory {
  const vulnerability = vulnerabilities[0]!;
  const { current_release_date: modified, initial_release_date: published } = document.tracking;
  const ids = { id: `REDHAT-${vulnerability.cve}`, aliases: [], upstream: [] };
  const vectors = vulnerability.scores.flatMap(({ cvss_v3: score }) =>
    score ? [{ type: 'CVSS_V3', score: score.vectorString }] : [],
  );
  const cvss = bestCvss(vectors);
  const impact = vulnerability.threats.find(({ category }) => category === 'impact')?.details;
  return {
    id: ids.id,
    vulnerabilityId: vulnerabilityIdOf(ids),
    aliases: aliasesOf(ids),
    modified,
    published,
    withdrawn: null,
    title: document.title.replaceAll('\0', '').toWellFormed().slice(0, 200).trim() || ids.id,
    severity: severityOf([], [document.aggregate_severity?.text, impact], cvss) ?? 'unknown',
    cvss,
    affected: entriesOf(vulnerability, readProducts(tree)),
    dropped: [],
  };
}

const statuses: readonly (readonly [keyof Vulnerability['product_status'], EntryStatus])[] = [
  ['fixed', 'fixed'],
  ['known_affected', 'affected'],
  ['known_not_affected', 'not-affected'],
  ['under_investigation', 'investigating'],
];

/** Facts of the remediations and ratings of one product. */
interface Remedies {
  erratum: ReadonlyMap<string, string>;
  note: ReadonlyMap<string, { text: string; isGivenUp: boolean }>;
  severity: ReadonlyMap<string, Severity>;
}

function remediesOf({ remediations, threats }: Vulnerability): Remedies {
  const erratum = new Map<string, string>();
  const note = new Map<string, { text: string; isGivenUp: boolean }>();
  const severity = new Map<string, Severity>();
  for (const { category, details, url, product_ids: ids } of remediations) {
    const [id] = /RH[SBE]A-\d{4}:\d{4,6}/.exec(`${url} ${details.slice(0, 1_000)}`) ?? [];
    const isGivenUp = category === 'no_fix_planned';
    for (const product of ids) {
      if (category === 'vendor_fix' && id !== undefined) erratum.set(product, id);
      if (isGivenUp || category === 'none_available') note.set(product, { text: details.slice(0, 100), isGivenUp });
    }
  }
  for (const { category, details, product_ids: ids } of threats) {
    const word = category === 'impact' ? severityOf([], [details], null) : null;
    if (word !== null) for (const product of ids) severity.set(product, word);
  }
  return { erratum, note, severity };
}

type Entry = AffectedPackage & { conditions: AffectedConditions & { cpes: string[] } };

/** One entry for all architectures and repositories with the same statement. */
function entriesOf(vulnerability: Vulnerability, products: ReadonlyMap<string, RepositoryPackage>): AffectedPackage[] {
  const remedies = remediesOf(vulnerability);
  const isBySource = !products.values().some(({ component }) => !component.isSource);
  const entries = new Map<string, Entry>();
  for (const [key, status] of statuses) {
    for (const id of vulnerability.product_status[key]) {
      const product = products.get(id);
      // The old feed also lists the source of the binaries, which it names one by one.
      if (!product || (product.component.isSource && !isBySource)) continue;
      add(entries, product, status, {
        erratum: remedies.erratum.get(id),
        note: remedies.note.get(id),
        severity: remedies.severity.get(id) ?? null,
      });
    }
  }
  return [...entries.values()];
}

interface Remedy {
  erratum: string | undefined;
  note: { text: string; isGivenUp: boolean } | undefined;
  severity: Severity | null;
}

function add(
  entries: Map<string, Entry>,
  { component, cpe }: RepositoryPackage,
  status: EntryStatus,
  remedy: Remedy,
): void {
  const { release } = readRedHatRelease(cpe.replace(/^cpe:\/[ao]:redhat:/, ''));
  if (release === null || !/^\d{1,2}$/.test(release)) return;
  const { name, module, arch, isSource } = component;
  const { erratum, note, severity } = remedy;
  const fixed = status === 'fixed' ? component.version : undefined;
  const key = [release, name, module, status, fixed, erratum, note?.text, severity, isSource].join('\n');
  const known = entries.get(key);
  if (known) {
    include(known.conditions.cpes, cpe);
    if (known.conditions.architectures && arch !== undefined) include(known.conditions.architectures, arch);
    return;
  }
  entries.set(key, {
    ...{ ecosystem: 'Red Hat', release, name, versions: [], severity, status },
    ...rangesOf(component, status),
    ...(module !== undefined && { module }),
    ...(isSource && { namesSource: true as const }),
    conditions: { cpes: [cpe], ...(arch !== undefined && !isSource && { architectures: [arch] }) },
    ...(erratum !== undefined && { erratum }),
    ...(note && { stateNote: note.text }),
    unfixed: note?.isGivenUp === true ? 'wont-fix' : 'not-fixed',
  });
}

function include(list: string[], item: string): void {
  if (!list.includes(item)) list.push(item);
}

function rangesOf(
  { version, isModuleBuild }: Component,
  status: EntryStatus,
): Pick<AffectedPackage, 'ranges' | 'isIncomplete'> {
  const since = { introduced: '0' };
  if (status === 'affected') return { ranges: [{ type: 'ECOSYSTEM', events: [since] }], isIncomplete: false };
  if (status === 'not-affected') return { ranges: [], isIncomplete: false };
  // The number of a build of a module cannot be compared with versions of its packages.
  if (status === 'investigating' || version === undefined || isModuleBuild) return { ranges: [], isIncomplete: true };
  return { ranges: [{ type: 'ECOSYSTEM', events: [since, { fixed: version }] }], isIncomplete: false };
}
