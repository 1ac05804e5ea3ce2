import { releaseDates, releaseDatesAsOf } from './release-dates.js';

export type Product = keyof typeof releaseDates;

/**
 * Release line of a product. Dates are the last days of support, as `YYYY-MM-DD`, which sort by
 * time.
 */
export interface ReleaseLine {
  version: string;
  /** Null while no end is announced. */
  supportEnds: string | null;
  /** Null without extended support. */
  extendedEnds: string | null;
  codename: string | null;
}

export type Lifecycle = 'supported' | 'extended' | 'ended';

const releaseLine = /^(\d+(?:\.\d+)*) (-|\d{4}-\d\d-\d\d)(?: (\d{4}-\d\d-\d\d))?(?: ([a-z]+))?$/;

function parseReleases(lines: string): ReleaseLine[] {
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const [, version, end, extendedEnds = null, codename = null] = releaseLine.exec(line.trim()) ?? [];
      if (version === undefined || end === undefined) throw new TypeError(`not a release: ${line}`);
      return { version, supportEnds: end === '-' ? null : end, extendedEnds, codename };
    });
}

const releasesOf = new Map(
  Object.entries(releaseDates).map(([product, { releases }]) => [product as Product, parseReleases(releases)]),
);

export function productName(product: Product): string {
  return releaseDates[product].name;
}

/** Name of the extended support for subscribers; undefined for a product without any. */
export function extendedSupportName(product: Product): string | undefined {
  const about = releaseDates[product];
  return 'extended' in about ? about.extended : undefined;
}

/**
 * Returns the release of a version; undefined if it is newer than the data, or a release that the
 * product does not have. Support for versions older than the oldest release here ended no later
 * than for that one.
 */
export function releaseOf(product: Product, version: string): ReleaseLine | undefined {
  const releases = releasesOf.get(product)!;
  const found = releases.find((release) => isWithin(version, release.version));
  if (found) return found;
  const oldest = releases.at(-1)!;
  return isOlder(version, oldest.version) ? { ...oldest, version: numbersOf(version)! } : undefined;
}

/**
 * Returns the release that a tag names: `3.12-slim` exactly, `3` the newest 3.x, `bookworm` by its
 * code name.
 */
export function releaseOfTag(product: Product, tag: string): ReleaseLine | undefined {
  const releases = releasesOf.get(product)!;
  const [word = ''] = tag.replace(/^v(?=\d)/, '').split(/[-_]/, 1);
  if (!/^\d/.test(word)) return releases.find(({ codename }) => codename !== null && codename === word);
  const [version = ''] = /^\d+(?:\.\d+)*/.exec(word) ?? [];
  const exact = releases.find((release) => isWithin(version, release.version));
  return exact ?? releases.find((release) => isWithin(release.version, version)) ?? releaseOf(product, version);
}

/** Support status of a release. Support includes its last day, in UTC. */
function lifecycleOf({ supportEnds, extendedEnds }: ReleaseLine, now: Date): Lifecycle {
  const today = now.toISOString().slice(0, 10);
  if (supportEnds === null || supportEnds >= today) return 'supported';
  return extendedEnds !== null && extendedEnds >= today ? 'extended' : 'ended';
}

/** Support status of a release, with a sentence about it. */
export function endOfRelease(
  product: Product,
  release: ReleaseLine,
  now: Date,
): { lifecycle: Lifecycle; text: string } {
  const lifecycle = lifecycleOf(release, now);
  const named = `${productName(product)} ${release.version}`;
  if (lifecycle === 'supported') return { lifecycle, text: `${named} is supported` };
  if (lifecycle === 'ended')
    return { lifecycle, text: `${named} is end of life since ${release.extendedEnds ?? release.supportEnds}` };
  const extended = `only ${extendedSupportName(product) ?? 'extended support'} until ${release.extendedEnds}`;
  return { lifecycle, text: `${named} has had no standard support since ${release.supportEnds}; ${extended}` };
}

/** Versions of the releases with public support, the newest first. */
export function supportedReleases(product: Product, now: Date): string[] {
  return releasesOf
    .get(product)!
    .filter((release) => lifecycleOf(release, now) === 'supported')
    .map(({ version }) => version);
}

const endDays = [...releasesOf.values()]
  .flat()
  .flatMap(({ supportEnds, extendedEnds }) => [supportEnds, extendedEnds])
  .filter((day) => day !== null)
  .toSorted();

/** Another version means other results: the data is newer, or a support period ended meanwhile. */
export function lifecycleVersion(now: Date): string {
  const today = now.toISOString().slice(0, 10);
  return `${releaseDatesAsOf}/${endDays.findLast((day) => day < today) ?? ''}`;
}

/**
 * Whether a version is the release or one of its updates: `3.10.2` is within `3.10`, not within
 * `3.1`.
 */
function isWithin(version: string, release: string): boolean {
  return version === release || (version.startsWith(release) && /[^\d]/.test(version.charAt(release.length)));
}

function isOlder(version: string, than: string): boolean {
  const text = numbersOf(version);
  if (text === undefined) return false;
  const numbers = text.split('.').map(Number);
  for (const [index, number] of than.split('.').map(Number).entries()) {
    const own = numbers[index];
    if (own !== number) return own !== undefined && own < number;
  }
  return false;
}

/** First numbers of a version; limited, because a hostile image may have any version. */
function numbersOf(version: string): string | undefined {
  return /^\d{1,6}(?:\.\d{1,6}){0,3}/.exec(version)?.[0];
}
