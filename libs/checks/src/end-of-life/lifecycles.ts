import type { ProductReleases, SupportEnd } from '@tidewaiter/advisories';

import { releaseDates, releaseDatesAsOf } from './release-dates.js';

/** Key of the built-in data, else the name at endoflife.date. */
export type Product = string;

/** Release line of a product. Days are `YYYY-MM-DD`, which sort by time. */
export interface ReleaseLine {
  version: string;
  supportEnds: SupportEnd;
  /** Null without extended support. */
  extendedEnds: SupportEnd | null;
  codename: string | null;
}

/** A product with its releases, the newest first. */
export interface ProductLifecycle {
  name: string;
  /** Name of the extended support for subscribers; undefined without any. */
  extended: string | undefined;
  releases: readonly ReleaseLine[];
}

/** Releases as endoflife.date publishes them. */
export interface PublishedReleases {
  /** Date of the data, ISO 8601. */
  asOf: string;
  products: readonly ProductReleases[];
}

/** Releases of products, published or built in. */
export interface Lifecycles {
  /** Day of the published data, else of the built-in data. */
  asOf: string;
  /** Whether published data is used. */
  isPublished: boolean;
  of: (product: Product) => ProductLifecycle | undefined;
}

interface BuiltIn {
  name: string;
  published?: string;
  extended?: string;
  releases: string;
}

const releaseLine = /^(\d+(?:\.\d+)*) (-|\d{4}-\d\d-\d\d)(?: (\d{4}-\d\d-\d\d))?(?: ([a-z]+))?$/;

function parseReleases(lines: string): ReleaseLine[] {
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const [, version, end, extendedEnds = null, codename = null] = releaseLine.exec(line.trim()) ?? [];
      if (version === undefined || end === undefined) throw new TypeError(`not a release: ${line}`);
      return { version, supportEnds: end === '-' ? 'ongoing' : end, extendedEnds, codename };
    });
}

const builtIn: ReadonlyMap<Product, ProductLifecycle & { published: string }> = new Map(
  Object.entries<BuiltIn>(releaseDates).map(([product, { name, extended, releases, published = product }]) => [
    product,
    { name, extended, releases: parseReleases(releases), published },
  ]),
);

/** Name of a product at endoflife.date. */
export function publishedName(product: Product): string {
  return builtIn.get(product)?.published ?? product;
}

export const builtInLifecycles: Lifecycles = {
  asOf: releaseDatesAsOf,
  isPublished: false,
  of: (product) => builtIn.get(product),
};

/**
 * Joins published releases with the built-in ones. The newer of both goes first; the other adds the
 * releases that it lacks.
 */
export function lifecyclesOf(published: PublishedReleases | null): Lifecycles {
  if (!published || published.products.length === 0) return builtInLifecycles;
  const day = published.asOf.slice(0, 10);
  const products = new Map(published.products.map((each) => [each.product, each]));
  return {
    asOf: day,
    isPublished: true,
    of: (product) => {
      const own = builtIn.get(product);
      const other = products.get(publishedName(product));
      if (!other) return own;
      const releases = linesOf(other, own?.extended !== undefined);
      if (!own) return { name: other.title, extended: undefined, releases };
      const [first, second] = day >= releaseDatesAsOf ? [releases, own.releases] : [own.releases, releases];
      return { ...own, releases: merged(first, second) };
    },
  };
}

/** Releases with numbers: others, such as Windows' `11-24h2-w`, are no versions of programs. */
function linesOf({ releases }: ProductReleases, hasExtended: boolean): ReleaseLine[] {
  const lines = releases.flatMap(({ version, codename, supportEnds, extendedEnds }) => {
    if (!/^\d{1,9}(?:\.\d{1,9}){0,3}$/.test(version)) return [];
    const word = /^[a-z]+/.exec(codename?.toLowerCase() ?? '')?.[0] ?? null;
    return { version, codename: word, supportEnds, extendedEnds: hasExtended ? extendedEnds : null };
  });
  return merged(lines, []);
}

/** The first releases, with those of the second that none of them includes. */
function merged(first: readonly ReleaseLine[], second: readonly ReleaseLine[]): ReleaseLine[] {
  const others = second.filter(({ version }) => !first.some((each) => isWithin(version, each.version)));
  return [...first, ...others].toSorted((one, other) => byNumbers(other.version, one.version));
}

/**
 * Whether a version is the release or one of its updates: `3.10.2` is within `3.10`, not within
 * `3.1`.
 */
export function isWithin(version: string, release: string): boolean {
  return version === release || (version.startsWith(release) && /[^\d]/.test(version.charAt(release.length)));
}

function byNumbers(one: string, other: string): number {
  const [left, right] = [one, other].map((version) => version.split('.').map(Number));
  for (const [index, number] of left!.entries()) {
    const difference = number - (right![index] ?? -1);
    if (difference !== 0) return difference;
  }
  return left!.length - right!.length;
}

/**
 * Another version means other results: the data is newer, or a support ended meanwhile.
 * @param published version of the published data; empty without any
 */
export function lifecycleVersion(now: Date, published: string): string {
  const today = now.toISOString().slice(0, 10);
  return [`${releaseDatesAsOf}/${endDays.findLast((day) => day < today) ?? ''}`, published].filter(Boolean).join('/');
}

const endDays = [...builtIn.values()]
  .flatMap(({ releases }) => releases)
  .flatMap(({ supportEnds, extendedEnds }) => [supportEnds, extendedEnds ?? ''])
  .filter((day) => /^\d/.test(day))
  .toSorted();
