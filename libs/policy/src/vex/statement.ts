import { z } from 'zod';

import { type PurlPattern, readPurl } from '../purl-pattern.js';

export const vexStatuses = ['not_affected', 'affected', 'fixed', 'under_investigation'] as const;
export type VexStatus = (typeof vexStatuses)[number];

/**
 * Statement of one author about one vulnerability in some products.
 * @see
 * https://www.cisa.gov/resources-tools/resources/minimum-requirements-vulnerability-exploitability-exchange-vex
 */
export interface VexStatement {
  /** Id and aliases. */
  vulnerabilities: string[];
  status: VexStatus;
  products: VexProduct[];
  /** Justification code of VEX: `vulnerable_code_not_present`. */
  justification: string | null;
  /** Explanation in free text. */
  reason: string | null;
  author: string | null;
  /** Milliseconds since 1970; 0 if the document has no time. */
  at: number;
  /** File of the statement. */
  source: string;
}

/** Product with the affected parts; without parts the whole product. */
export interface VexProduct {
  is: ProductNames;
  parts: ProductNames[];
  /** Only versions in this range, `vers:npm/>=1.0.0|<1.2.3`. */
  range?: string;
}

/** All names of one product or part. */
export interface ProductNames {
  texts: string[];
  purls: PurlPattern[];
}

export function productNames(texts: readonly (string | undefined)[]): ProductNames {
  const known = [...new Set(texts.filter((text) => text !== undefined))];
  return { texts: known, purls: known.flatMap((text) => readPurl(text) ?? []) };
}

/** Parses the first given time to milliseconds; 0 if it is missing or invalid. */
export function timeOf(...texts: (string | undefined)[]): number {
  const text = texts.find((each) => each !== undefined);
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? 0 : time;
}

/** Optional text of an untrusted document. */
export const words = z.string().optional().catch(undefined);
