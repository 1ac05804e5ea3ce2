import { LimitExceeded } from '@tidewaiter/domain';
import { z } from 'zod';

import { productNames, timeOf, type VexProduct, type VexStatement, type VexStatus, words } from './statement.js';

const ids = z.array(z.string()).optional();

/** Lists of `product_status` in VEX. The later takes precedence if a product is in two. */
const statuses = {
  known_not_affected: 'not_affected',
  fixed: 'fixed',
  first_fixed: 'fixed',
  under_investigation: 'under_investigation',
  known_affected: 'affected',
  first_affected: 'affected',
  last_affected: 'affected',
} as const satisfies Record<string, VexStatus>;

const explained = { product_ids: ids, group_ids: ids };

const vulnerability = z.object({
  cve: words,
  ids: z.array(z.object({ text: z.string() })).optional(),
  product_status: z
    .partialRecord(z.enum(Object.keys(statuses) as (keyof typeof statuses)[]).or(z.string()), z.array(z.string()))
    .optional(),
  flags: z.array(z.object({ label: z.string(), ...explained })).optional(),
  threats: z.array(z.object({ category: z.string(), details: words, ...explained })).optional(),
});

const product = z.object({
  product_id: z.string(),
  product_identification_helper: z
    .object({
      purl: words,
      purls: z.array(z.string()).optional(),
      hashes: z
        .array(z.object({ file_hashes: z.array(z.object({ algorithm: z.string(), value: z.string() })) }))
        .optional()
        .catch(undefined),
    })
    .optional()
    .catch(undefined),
});

const relationship = z.object({
  product_reference: z.string(),
  relates_to_product_reference: z.string(),
  full_product_name: z.object({ product_id: z.string() }),
});

/** @see https://docs.oasis-open.org/csaf/csaf/v2.0/os/csaf-v2.0-os.html#45-profile-5-vex */
export const csafSchema = z.object({
  document: z.object({
    category: z.string(),
    publisher: z.object({ name: words }).optional(),
    tracking: z.object({ current_release_date: words, initial_release_date: words }).optional(),
  }),
  product_tree: z
    .object({
      branches: z.array(z.unknown()).optional(),
      full_product_names: z.array(z.unknown()).optional(),
      relationships: z.array(z.unknown()).optional(),
      product_groups: z.array(z.object({ group_id: z.string(), product_ids: z.array(z.string()) })).optional(),
    })
    .optional(),
  vulnerabilities: z.array(vulnerability).optional(),
});

type Document = z.output<typeof csafSchema>;
type Vulnerability = z.output<typeof vulnerability>;

/** Limit on products of one document. */
const maxProducts = 500_000;

/** @throws LimitExceeded `maxProducts` */
export function csafStatements(
  { document, product_tree: tree, vulnerabilities = [] }: Document,
  source: string,
): VexStatement[] {
  const products = readProducts(tree);
  const groups = new Map((tree?.product_groups ?? []).map((group) => [group.group_id, new Set(group.product_ids)]));
  const author = document.publisher?.name ?? null;
  const at = timeOf(document.tracking?.current_release_date, document.tracking?.initial_release_date);
  return vulnerabilities.flatMap((each) => {
    const names = [each.cve, ...(each.ids ?? []).map(({ text }) => text)].filter((name) => name !== undefined);
    const explain = explanations(each, groups);
    const statements = Object.entries(statuses).flatMap(([list, status]) =>
      (each.product_status?.[list] ?? []).map((id): VexStatement | undefined => {
        const named = products.get(id);
        return named && { vulnerabilities: names, status, products: [named], ...explain(id), author, at, source };
      }),
    );
    return statements.filter((statement) => statement !== undefined);
  });
}

/** Justifications of not affected products: a flag's label, and the text of an impact. */
function explanations({ flags = [], threats = [] }: Vulnerability, groups: ReadonlyMap<string, ReadonlySet<string>>) {
  const labels = flags.map((flag) => ({ text: flag.label, isAbout: scopeOf(flag, groups) }));
  const impacts = threats
    .filter(({ category }) => category === 'impact')
    .map((threat) => ({ text: threat.details, isAbout: scopeOf(threat, groups) }));
  return (id: string) => ({
    justification: labels.find(({ isAbout }) => isAbout(id))?.text ?? null,
    reason: impacts.find(({ isAbout }) => isAbout(id))?.text ?? null,
  });
}

/** Returns which products a part is about: all of them if it names none. */
function scopeOf(
  { product_ids: products, group_ids: named }: { product_ids?: string[] | undefined; group_ids?: string[] | undefined },
  groups: ReadonlyMap<string, ReadonlySet<string>>,
): (id: string) => boolean {
  if (products === undefined && named === undefined) return () => true;
  const ids = new Set(products);
  const sets = [...new Set(named)].map((group) => groups.get(group));
  return (id) => ids.has(id) || sets.some((set) => set?.has(id) === true);
}

/**
 * Maps product ids to products: a package by its own names, a component by those of its product
 * with itself as the part.
 */
function readProducts(tree: Document['product_tree']): ReadonlyMap<string, VexProduct> {
  const products = new Map<string, VexProduct>();
  const waiting: unknown[] = [
    ...(tree?.branches ?? []),
    ...(tree?.full_product_names ?? []).map((each) => ({ product: each })),
  ];
  while (waiting.length > 0) {
    const branch = branchSchema.safeParse(waiting.pop());
    if (!branch.success) continue;
    const { product: own, branches = [] } = branch.data;
    if (own) products.set(own.product_id, { is: productNames(namesOf(own)), parts: [] });
    for (const each of branches) waiting.push(each);
    if (products.size > maxProducts)
      throw new LimitExceeded('maxProducts', `a VEX document of more than ${maxProducts} products`);
  }
  for (const each of tree?.relationships ?? []) addComponent(products, each);
  return products;
}

const branchSchema = z.object({
  product: product.optional(),
  branches: z.array(z.unknown()).optional(),
});

function addComponent(products: Map<string, VexProduct>, each: unknown): void {
  const read = relationship.safeParse(each);
  if (!read.success) return;
  const component = products.get(read.data.product_reference);
  const whole = products.get(read.data.relates_to_product_reference);
  if (component && whole) products.set(read.data.full_product_name.product_id, { is: whole.is, parts: [component.is] });
}

function namesOf({ product_identification_helper: helper }: z.output<typeof product>): (string | undefined)[] {
  const hashes = (helper?.hashes ?? []).flatMap(({ file_hashes: all }) => all);
  const digests = hashes
    .filter(({ algorithm }) => algorithm === 'sha256')
    .map(({ value }) => `sha256:${value.toLowerCase()}`);
  return [helper?.purl, ...(helper?.purls ?? []), ...digests];
}
