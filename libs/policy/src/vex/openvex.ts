import { z } from 'zod';

import { productNames, timeOf, type VexProduct, type VexStatement, words } from './statement.js';

/** Names that a document gives to one thing. */
interface NameList {
  names: (string | undefined)[];
}

const component = z.union([
  z.string().transform((id): NameList => ({ names: [id] })),
  z
    .object({
      '@id': words,
      identifiers: z.record(z.string(), z.string()).optional(),
      hashes: z.record(z.string(), z.string()).optional(),
    })
    .transform(({ '@id': id, identifiers = {}, hashes = {} }): NameList => ({
      names: [id, identifiers['purl'], ...digestsOf(hashes)],
    })),
]);

const product = z.union([
  z.string().transform((id) => ({ names: [id], parts: [] })),
  z.intersection(component, z.object({ subcomponents: z.array(component).optional() })),
]);

const vulnerability = z.union([
  z.string().transform((name): NameList => ({ names: [name] })),
  z
    .object({ '@id': words, name: words, aliases: z.array(z.string()).optional() })
    .transform(({ '@id': id, name, aliases = [] }): NameList => ({ names: [name, id, ...aliases] })),
]);

const statement = z
  .object({
    vulnerability,
    products: z.array(product).optional(),
    /** Used by documents of version 0.0.1, in which they apply to all products. */
    subcomponents: z.array(component).optional(),
    status: z.enum(['not_affected', 'affected', 'fixed', 'under_investigation']),
    justification: words,
    impact_statement: words,
    action_statement: words,
    status_notes: words,
    timestamp: words,
    last_updated: words,
  })
  // A statement without a justification suppresses nothing.
  .refine(
    ({ status, justification, impact_statement: impact }) => status !== 'not_affected' || justification || impact,
    {
      path: ['justification'],
      error: 'not_affected needs a justification or an impact_statement',
    },
  );

/** @see https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md */
export const openVexSchema = z.object({
  '@context': z.string(),
  author: words,
  timestamp: words,
  last_updated: words,
  statements: z.array(statement),
});

export function openVexStatements(document: z.output<typeof openVexSchema>, source: string): VexStatement[] {
  return document.statements.map((each) => ({
    vulnerabilities: each.vulnerability.names.filter((name) => name !== undefined),
    status: each.status,
    products: (each.products ?? []).map((one) => productOf(one, each.subcomponents ?? [])),
    justification: each.justification ?? null,
    reason: each.impact_statement ?? each.status_notes ?? each.action_statement ?? null,
    author: document.author ?? null,
    at: timeOf(each.last_updated, each.timestamp, document.last_updated, document.timestamp),
    source,
  }));
}

function productOf(one: z.output<typeof product>, shared: z.output<typeof component>[]): VexProduct {
  const own = 'subcomponents' in one ? (one.subcomponents ?? []) : [];
  const parts = own.length > 0 ? own : shared;
  return { is: productNames(one.names), parts: parts.map(({ names }) => productNames(names)) };
}

function digestsOf(hashes: Record<string, string>): string[] {
  const sha256 = hashes['sha-256'] ?? hashes['sha256'];
  return sha256 === undefined ? [] : [`sha256:${sha256.toLowerCase()}`];
}
