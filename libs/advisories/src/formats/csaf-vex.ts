import { InvalidInput, LimitExceeded } from '@tidewaiter/domain';
import { z } from 'zod';

import type { AffectedPackage, EntryStatus } from '../affected-package.js';
import type { OsvAdvisory } from '../osv-record.js';
import { bestCvss, severityOf } from '../severity.js';
import { aliasesOf, vulnerabilityIdOf } from '../vulnerability-id.js';
import type { AdvisoryFormat, AdvisoryItem, FeedDocument } from './format.js';

/** Limit on one document; the largest of Red Hat's old feed has some 30 MB. */
const maxDocumentBytes = 128 * 1024 * 1024;
/** Limit on the product tree; that of a kernel's vulnerability has some 30,000 products. */
const maxProducts = 1_000_000;
const maxDepth = 16;
const cve = /^CVE-\d{4}-\d{4,19}$/;

const productIds = z.array(z.string()).default([]);

const documentSchema = z.object({
  document: z.object({
    title: z.string().catch(''),
    notes: z.array(z.object({ category: z.string(), text: z.string() })).catch([]),
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
        product_status: z.record(z.string(), productIds).default({}),
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
    .max(1)
    .default([]),
});

type Vulnerability = z.infer<typeof documentSchema>['vulnerabilities'][number];

/** Statements of a publisher about one vulnerability in its products. */
export interface VexDocument {
  notes: readonly { category: string; text: string }[];
  statements: Omit<Vulnerability, 'cve' | 'scores'>;
  tree: ProductTree;
}

/** Format of the documents of one publisher. */
export interface VexPublisher extends Pick<AdvisoryFormat, 'name' | 'ecosystem'> {
  /** Its address in each document. */
  namespace: string;
  /** Start of the ids of its records: `REDHAT`. */
  prefix: string;
  /** Code for a document that cannot be read. */
  code: string;
  /** Null if the publisher has nothing to say about the vulnerability any more. */
  entriesOf: (document: VexDocument) => AffectedPackage[] | null;
}

/** Format of CSAF VEX, with a record for each vulnerability. */
export function vexFormat(publisher: VexPublisher): AdvisoryFormat {
  const { name, ecosystem, namespace, prefix } = publisher;
  return {
    name,
    ecosystem,
    recognizes: (head) => /"category"\s{0,100}:\s{0,100}"csaf_vex"/.test(head) && head.includes(namespace),
    owns: (id) => id.startsWith(`${prefix}-CVE-`),
    read: (document) => readVexDocument(document, publisher),
  };
}

/**
 * Reads one document of CSAF VEX, which is about one vulnerability.
 * @see https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html#45-profile-5-vex
 */
async function* readVexDocument(
  { name, bytes }: FeedDocument,
  publisher: VexPublisher,
): AsyncGenerator<AdvisoryItem, void, undefined> {
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
    const advisory = advisoryOf(parsed(Buffer.concat(pieces), publisher), publisher);
    yield { name, advisory, sizeBytes, ...(advisory.withdrawn !== null && { isRemoval: true as const }) };
  } catch (error) {
    if (!(error instanceof InvalidInput || error instanceof LimitExceeded)) throw error;
    yield { name, error };
  }
}

function parsed(content: Buffer, { code }: VexPublisher): z.infer<typeof documentSchema> {
  let json: unknown;
  try {
    json = storableValue(content.toString('utf8'));
  } catch (cause) {
    throw new InvalidInput(code, 'not JSON', { cause });
  }
  const read = documentSchema.safeParse(json);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new InvalidInput(code, `not a VEX document: ${issue?.path.join('.').slice(0, 200)}`);
}

/** Parses JSON; without NUL and halves of surrogate pairs, which PostgreSQL does not store. */
function storableValue(text: string): unknown {
  // A reviver takes several times as long, and whole pairs are rare.
  if (!/\\u(?:0000|d[89a-f])/i.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown) =>
    typeof value === 'string' ? value.replaceAll('\0', '').toWellFormed() : value,
  );
}

function advisoryOf(
  { document, product_tree: tree, vulnerabilities: [vulnerability] }: z.infer<typeof documentSchema>,
  { prefix, entriesOf }: VexPublisher,
): OsvAdvisory {
  const { id, current_release_date: modified, initial_release_date: published } = document.tracking;
  const ids = { id: `${prefix}-${vulnerability?.cve ?? id}`, aliases: [], upstream: [] };
  const affected =
    vulnerability && entriesOf({ notes: document.notes, statements: vulnerability, tree: readProductTree(tree) });
  const cvss = bestCvss(
    (vulnerability?.scores ?? []).flatMap(({ cvss_v3: score }) =>
      score ? [{ type: 'CVSS_V3', score: score.vectorString }] : [],
    ),
  );
  const impact = vulnerability?.threats.find(({ category }) => category === 'impact')?.details;
  return {
    id: ids.id,
    vulnerabilityId: vulnerabilityIdOf(ids),
    aliases: aliasesOf(ids),
    modified,
    published,
    withdrawn: affected ? null : modified,
    title: document.title.slice(0, 200).toWellFormed().trim() || ids.id,
    severity: severityOf([], [document.aggregate_severity?.text, impact], cvss) ?? 'unknown',
    cvss,
    affected: affected ?? [],
    dropped: [],
  };
}

/** Products of a document. */
export interface ProductTree {
  /** CPE of a platform, or purl of a package, by product id. */
  identifiers: ReadonlyMap<string, { cpe?: string | undefined; purl?: string | undefined }>;
  /** Component and platform of the products that are one on the other, by product id. */
  relations: ReadonlyMap<string, { of: string; to: string }>;
}

const identifiersSchema = z.object({ cpe: z.string().max(500).optional(), purl: z.string().max(2_000).optional() });
const productSchema = z.object({ product_id: z.string(), product_identification_helper: identifiersSchema.optional() });
const branchSchema = z.object({ branches: z.array(z.unknown()).optional(), product: productSchema.optional() });
const relationSchema = z.object({
  product_reference: z.string(),
  relates_to_product_reference: z.string(),
  full_product_name: z.object({ product_id: z.string() }),
});
const treeSchema = z
  .object({ branches: z.array(z.unknown()).default([]), relationships: z.array(z.unknown()).default([]) })
  .catch({ branches: [], relationships: [] });

function readProductTree(tree: unknown): ProductTree {
  const { branches, relationships } = treeSchema.parse(tree);
  const identifiers = new Map<string, z.infer<typeof identifiersSchema>>();
  let left = maxProducts;
  const visit = (items: readonly unknown[], depth: number): void => {
    if (depth > maxDepth) throw new LimitExceeded('maxDepth', `branches nested deeper than ${maxDepth}`);
    for (const item of items) {
      left -= 1;
      if (left < 0) throw new LimitExceeded('maxProducts', `more than ${maxProducts} products`);
      const { data } = branchSchema.safeParse(item);
      const { product_id: id, product_identification_helper: own } = data?.product ?? {};
      if (id !== undefined && own) identifiers.set(id, own);
      visit(data?.branches ?? [], depth + 1);
    }
  };
  visit(branches, 0);
  return { identifiers, relations: readRelations(relationships) };
}

function readRelations(relationships: readonly unknown[]): ProductTree['relations'] {
  if (relationships.length > maxProducts) throw new LimitExceeded('maxProducts', `more than ${maxProducts} products`);
  const relations = new Map<string, { of: string; to: string }>();
  for (const item of relationships) {
    const { data } = relationSchema.safeParse(item);
    if (!data) continue;
    const { product_reference: of, relates_to_product_reference: to } = data;
    relations.set(data.full_product_name.product_id, { of, to });
  }
  return relations;
}

/** Plan for a product without a fix, in the words of the publisher. */
export interface FixPlan {
  text: string;
  isGivenUp: boolean;
}

/** Plans for products without a fix, by product id. */
export function plansOf({ remediations }: VexDocument['statements']): ReadonlyMap<string, FixPlan> {
  const plans = new Map<string, FixPlan>();
  for (const { category, details, product_ids: ids } of remediations) {
    const isGivenUp = category === 'no_fix_planned';
    if (!isGivenUp && category !== 'none_available') continue;
    for (const product of ids) plans.set(product, { text: details.slice(0, 100), isGivenUp });
  }
  return plans;
}

/** Ranges of an entry by its status; incomplete where they decide nothing. */
export function vexRanges(
  status: EntryStatus,
  fixed: string | undefined,
): Pick<AffectedPackage, 'ranges' | 'isIncomplete'> {
  const since = { introduced: '0' };
  if (status === 'affected') return { ranges: [{ type: 'ECOSYSTEM', events: [since] }], isIncomplete: false };
  if (status === 'not-affected') return { ranges: [], isIncomplete: false };
  if (status === 'investigating' || fixed === undefined) return { ranges: [], isIncomplete: true };
  return { ranges: [{ type: 'ECOSYSTEM', events: [since, { fixed }] }], isIncomplete: false };
}
