import { z } from 'zod';

import type { PurlPattern } from '../purl-pattern.js';
import {
  type ProductNames,
  productNames,
  timeOf,
  type VexProduct,
  type VexStatement,
  type VexStatus,
  words,
} from './statement.js';

const states = {
  exploitable: 'affected',
  in_triage: 'under_investigation',
  resolved: 'fixed',
  resolved_with_pedigree: 'fixed',
  false_positive: 'not_affected',
  not_affected: 'not_affected',
} as const satisfies Record<string, VexStatus>;

const version = z.object({ version: words, range: words, status: words });

const vulnerability = z.object({
  id: z.string(),
  references: z.array(z.object({ id: words })).optional(),
  published: words,
  updated: words,
  analysis: z
    .object({
      state: z.enum(Object.keys(states) as (keyof typeof states)[]).optional(),
      justification: words,
      detail: words,
      firstIssued: words,
      lastUpdated: words,
    })
    .optional(),
  affects: z.array(z.object({ ref: z.string(), versions: z.array(version).optional() })).optional(),
});

/** @see https://cyclonedx.org/docs/1.6/json/#vulnerabilities */
export const cycloneDxVexSchema = z.object({
  bomFormat: z.literal('CycloneDX'),
  metadata: z
    .object({
      timestamp: words,
      component: z.unknown().optional(),
      authors: z
        .array(z.object({ name: words, email: words }))
        .optional()
        .catch(undefined),
      supplier: z.object({ name: words }).optional().catch(undefined),
      manufacturer: z.object({ name: words }).optional().catch(undefined),
    })
    .optional(),
  components: z.array(z.unknown()).optional(),
  vulnerabilities: z.array(vulnerability),
});

type Document = z.output<typeof cycloneDxVexSchema>;

const componentSchema = z.object({
  'bom-ref': words,
  purl: words,
  components: z.array(z.unknown()).optional().catch(undefined),
});

export function cycloneDxStatements(document: Document, source: string): VexStatement[] {
  const purls = purlsByRef(document);
  const { authors = [], supplier, manufacturer, timestamp } = document.metadata ?? {};
  const author = authors.map(({ name, email }) => name ?? email).find(Boolean) ?? supplier?.name ?? manufacturer?.name;
  return document.vulnerabilities.flatMap(({ id, references = [], analysis, affects = [], published, updated }) => {
    if (analysis?.state === undefined) return [];
    return {
      vulnerabilities: [id, ...references.map((each) => each.id).filter((each) => each !== undefined)],
      status: states[analysis.state],
      products: affects.flatMap((each) => productsOf(each, purls)),
      justification: analysis.justification ?? null,
      reason: analysis.detail ?? (analysis.state === 'false_positive' ? 'a false positive' : null),
      author: author ?? null,
      at: timeOf(analysis.lastUpdated, analysis.firstIssued, timestamp, updated, published),
      source,
    };
  });
}

/** Purls of the components of the document at every depth, by `bom-ref`. */
function purlsByRef({ metadata, components = [] }: Document): ReadonlyMap<string, string> {
  const purls = new Map<string, string>();
  const waiting: unknown[] = [metadata?.component, ...components];
  for (let each = waiting.pop(); each !== undefined || waiting.length > 0; each = waiting.pop()) {
    const read = componentSchema.safeParse(each);
    if (!read.success) continue;
    const { 'bom-ref': ref, purl, components: inner = [] } = read.data;
    if (ref !== undefined && purl !== undefined) purls.set(ref, purl);
    for (const one of inner) waiting.push(one);
  }
  return purls;
}

/**
 * Products of an `affects` entry. A version with status `unaffected` is not a subject of the
 * analysis.
 */
function productsOf(
  { ref, versions = [] }: { ref: string; versions?: z.output<typeof version>[] | undefined },
  purls: ReadonlyMap<string, string>,
): VexProduct[] {
  const local = localRef(ref);
  const is = productNames([purls.get(local) ?? local]);
  if (versions.length === 0) return [{ is, parts: [] }];
  return versions
    .filter(({ status }) => status !== 'unaffected')
    .flatMap(({ version: only, range }) => {
      if (only !== undefined) return { is: namesWith(is.purls, only), parts: [] };
      return range === undefined ? [] : { is: namesWith(is.purls, undefined), parts: [], range };
    });
}

/**
 * Limits a product to some versions. It is never the whole image, which is identified by its
 * digest.
 */
function namesWith(purls: readonly PurlPattern[], only: string | undefined): ProductNames {
  return { texts: [], purls: purls.map((purl) => ({ ...purl, version: only })) };
}

/**
 * Resolves a BOM-Link, which names a component of another document.
 * @see https://cyclonedx.org/capabilities/bomlink/
 */
function localRef(ref: string): string {
  if (!ref.startsWith('urn:cdx:')) return ref;
  const [, element = ''] = ref.split('#', 2);
  try {
    return decodeURIComponent(element);
  } catch {
    return element;
  }
}
