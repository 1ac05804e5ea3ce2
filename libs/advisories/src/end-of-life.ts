import { InvalidInput } from '@tidewaiter/domain';
import { z } from 'zod';

import { jsonOf } from './exploitation.js';

/**
 * End of a support: its last day (`2028-06-30`), `ongoing` while none is announced, `over` if it
 * has ended on a day that is not published.
 */
export type SupportEnd = string;

export interface PublishedRelease {
  /** `3.22`. */
  version: string;
  codename: string | null;
  /** End of the public security support. */
  supportEnds: SupportEnd;
  /** End of the extended support for subscribers; null without one. */
  extendedEnds: SupportEnd | null;
}

/** Releases of one product of endoflife.date. */
export interface ProductReleases {
  /** Its name there: `alpine-linux`. */
  product: string;
  title: string;
  /** Newest first. */
  releases: PublishedRelease[];
}

/** Ends of support as endoflife.date publishes them. */
export interface EndOfLifeData {
  /** ISO 8601. */
  publishedAt: string;
  products: ProductReleases[];
  /** Products that could not be read. */
  rejected: number;
}

/** The site has some 500 products with 7,000 releases. */
const maxProducts = 20_000;
const maxReleases = 5_000;

const end = z.union([z.iso.date(), z.boolean()]);
const name = z.string().regex(/^[a-z0-9][a-z0-9.+_-]{0,99}$/i);
const title = z.string().min(1).max(200);
const version = z.string().min(1).max(100);
const codename = z.string().max(100).nullish();

/** Answer of `/api/v1/products/full`. */
const answerSchema = z.object({
  generated_at: z.iso.datetime({ offset: true }),
  result: z.array(z.unknown()).min(1).max(maxProducts),
});
const answerProduct = z.object({
  name,
  label: title,
  releases: z.array(
    z.object({
      name: version,
      codename,
      isEol: z.boolean(),
      eolFrom: z.iso.date().nullish(),
      isEoes: z.boolean().nullish(),
      eoesFrom: z.iso.date().nullish(),
    }),
  ),
});

/** The site's sources in one file, by product. */
const fileSchema = z.object({
  date: z.iso.date(),
  products: z.record(z.string(), z.unknown()).refine((products) => {
    const count = Object.keys(products).length;
    return count > 0 && count <= maxProducts;
  }),
});
const fileProduct = z.object({
  title,
  releases: z.array(
    z.object({ cycle: version, codename, securitySupportEnds: end.optional(), extendedSupportEnds: end.optional() }),
  ),
});

/**
 * Reads the products of endoflife.date: the answer of its API for all products, or a file of its
 * sources.
 * @throws InvalidInput `END_OF_LIFE_FORMAT`
 * @see https://endoflife.date/docs/api/v1/
 */
export function readEndOfLife(bytes: Uint8Array): EndOfLifeData {
  const json = jsonOf(bytes);
  const answer = answerSchema.safeParse(json);
  if (answer.success) {
    const { generated_at: at, result } = answer.data;
    return dataOf(at, result.map(readAnswered));
  }
  const file = fileSchema.safeParse(json);
  if (!file.success) throw new InvalidInput('END_OF_LIFE_FORMAT', 'not the products of endoflife.date in JSON');
  const { date, products } = file.data;
  return dataOf(
    date,
    Object.entries(products).map(([product, each]) => readFiled(product, each)),
  );
}

function dataOf(at: string, read: readonly (ProductReleases | undefined)[]): EndOfLifeData {
  const products = new Map(read.flatMap((each) => (each ? [[each.product, each]] : [])));
  return {
    publishedAt: new Date(at).toISOString(),
    products: [...products.values()],
    rejected: read.filter((each) => each === undefined).length,
  };
}

function readAnswered(json: unknown): ProductReleases | undefined {
  const read = answerProduct.safeParse(json);
  if (!read.success || read.data.releases.length > maxReleases) return undefined;
  const { name: product, label, releases } = read.data;
  return {
    product,
    title: label,
    releases: releases.map(({ name: release, codename: word, isEol, eolFrom, isEoes, eoesFrom }) => ({
      version: release,
      codename: word ?? null,
      supportEnds: eolFrom ?? endOf(isEol),
      extendedEnds: eoesFrom ?? (isEoes === null || isEoes === undefined ? null : endOf(isEoes)),
    })),
  };
}

function readFiled(product: string, json: unknown): ProductReleases | undefined {
  const read = fileProduct.safeParse(json);
  if (!read.success || !name.safeParse(product).success || read.data.releases.length > maxReleases) return undefined;
  const releases = read.data.releases.flatMap(({ cycle, codename: word, securitySupportEnds, extendedSupportEnds }) =>
    // A release without any statement about its end proves nothing.
    securitySupportEnds === undefined
      ? []
      : [
          {
            version: cycle,
            codename: word ?? null,
            supportEnds: endOf(securitySupportEnds),
            extendedEnds: extendedSupportEnds === undefined ? null : endOf(extendedSupportEnds),
          },
        ],
  );
  return { product, title: read.data.title, releases };
}

/** A date, or whether the support is over. */
function endOf(stated: string | boolean): SupportEnd {
  if (typeof stated === 'string') return stated;
  return stated ? 'over' : 'ongoing';
}
