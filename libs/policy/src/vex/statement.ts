import { z } from 'zod';

import { type PurlPattern, readPurl } from '../purl-pattern.js';

export type VexStatus = 'not_affected' | 'affected' | 'fixed' | 'under_investigation';

/** What one author says about one vulnerability of some products. @see https://www.cisa.gov/resources-tools/resources/minimum-requirements-vulnerability-exploitability-exchange-vex */
export interface VexStatement {
  /** The id and its aliases. */
  vulnerabilities: string[];
  status: VexStatus;
  products: VexProduct[];
  /** VEX's own word: `vulnerable_code_not_present`. */
  justification: string | null;
  /** In words. */
  reason: string | null;
  author: string | null;
  /** Milliseconds since 1970; 0 where nobody says. */
  at: number;
  /** The file. */
  source: string;
}

/** A product, and the parts of it that are meant; without parts it is the whole. */
export interface VexProduct {
  is: ProductNames;
  parts: ProductNames[];
  /** Only versions in this range, `vers:npm/>=1.0.0|<1.2.3`. */
  range?: string;
}

/** Every name that is given to one thing. */
export interface ProductNames {
  texts: string[];
  purls: PurlPattern[];
}

export function productNames(texts: readonly (string | undefined)[]): ProductNames {
  const known = [...new Set(texts.filter((text) => text !== undefined))];
  return { texts: known, purls: known.flatMap((text) => readPurl(text) ?? []) };
}

/** 0 for what is no time. */
export function timeOf(...texts: (string | undefined)[]): number {
  const text = texts.find((each) => each !== undefined);
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? 0 : time;
}

/** Text that a stranger may leave out. */
export const words = z.string().optional().catch(undefined);
