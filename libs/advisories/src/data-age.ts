import type { BlindSpot } from './blind-spots.js';
import { type AdvisoryFeed, epssFeed, kevFeed } from './feed.js';
import { programEcosystem } from './programs/programs.js';

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;
/** Later than this is no date. */
const maxTimeMs = 8.64e15;

/** Default age above which advisories give a warning. */
export const maxAdvisoryAgeMs = 7 * dayMs;

/**
 * Time up to which the published advisories of an ecosystem are known, by the date of the data
 * itself; ISO 8601.
 */
export interface EcosystemAge {
  ecosystem: string;
  asOf: string;
}

/** Feeds of ecosystems that have none of their name. */
const feedsOf: ReadonlyMap<string, readonly string[]> = new Map([[programEcosystem, ['NVD', 'Bitnami']]]);

type FeedDate = Pick<AdvisoryFeed, 'name' | 'asOf'>;

/**
 * Date of each ecosystem's data: the oldest of its feeds, `Red Hat` and `Red Hat VEX`. An ecosystem
 * without a feed of its own came with imports of other names, so the oldest date of all counts.
 */
export function ecosystemAges(feeds: readonly FeedDate[], ecosystems: Iterable<string>): EcosystemAge[] {
  const records = feeds.filter(({ name }) => name !== kevFeed && name !== epssFeed);
  const oldest = records.map(({ asOf }) => asOf).toSorted()[0];
  return [...new Set(ecosystems)].toSorted().flatMap((ecosystem) => {
    const names = feedsOf.get(ecosystem) ?? [ecosystem];
    const own = records.filter(({ name }) => names.some((each) => name === each || name.startsWith(`${each} `)));
    const asOf = own.map((feed) => feed.asOf).toSorted()[0] ?? oldest;
    return asOf === undefined ? [] : [{ ecosystem, asOf }];
  });
}

/** Dates of the data about exploitation, KEV and EPSS; a source that was never read is left out. */
export function exploitationAges(feeds: readonly FeedDate[]): EcosystemAge[] {
  return feeds.flatMap(({ name, asOf }) => (name === kevFeed || name === epssFeed ? [{ ecosystem: name, asOf }] : []));
}

/** Oldest date; null without dates. */
export function oldestOf(ages: readonly EcosystemAge[]): string | null {
  return ages.map(({ asOf }) => asOf).toSorted()[0] ?? null;
}

/** Returns a warning for each ecosystem whose data is too old. */
export function staleAdvisories(ages: readonly EcosystemAge[], now: Date, maxAgeMs = maxAdvisoryAgeMs): BlindSpot[] {
  return tooOld(ages, now, maxAgeMs).map(({ ecosystem, age }) => ({
    code: 'ADVISORIES_STALE',
    path: null,
    message: `advisories for ${ecosystem} are ${age}: newer vulnerabilities are missing`,
  }));
}

/**
 * Returns a warning for KEV and EPSS if their data is too old. They rank findings, so that a
 * verdict about vulnerabilities remains one.
 */
export function staleExploitation(ages: readonly EcosystemAge[], now: Date, maxAgeMs = maxAdvisoryAgeMs): BlindSpot[] {
  return tooOld(ages, now, maxAgeMs).map(({ ecosystem, age }) => ({
    code: 'EXPLOITATION_STALE',
    path: null,
    message: `${ecosystem} is ${age}: newer exploitation is missing`,
  }));
}

/**
 * When the warnings about the age of these sources change next: one more, or another age in words.
 * Null if they never do.
 */
export function staleWarningsChangeAt(
  ages: readonly EcosystemAge[],
  now: Date,
  maxAgeMs = maxAdvisoryAgeMs,
): Date | null {
  const times = ages.map(({ asOf }) => {
    const ageMs = now.getTime() - Date.parse(asOf);
    if (ageMs <= maxAgeMs) return Date.parse(asOf) + maxAgeMs + 1;
    return Date.parse(asOf) + nextDurationMs(ageMs);
  });
  const next = Math.min(...times.filter((time) => time <= maxTimeMs));
  return Number.isFinite(next) ? new Date(next) : null;
}

/** Sources over the limit, with their age in words. */
function tooOld(ages: readonly EcosystemAge[], now: Date, maxAgeMs: number) {
  return ages.flatMap(({ ecosystem, asOf }) => {
    const ageMs = now.getTime() - Date.parse(asOf);
    if (ageMs <= maxAgeMs) return [];
    return { ecosystem, age: `as of ${asOf}, ${duration(ageMs)} ago, and may be ${duration(maxAgeMs)} old at most` };
  });
}

function duration(ms: number): string {
  const days = Math.floor(ms / dayMs);
  if (days === 0) return `${Math.round(ms / hourMs)} hours`;
  return days === 1 ? '1 day' : `${days} days`;
}

/** The shortest longer time that {@link duration} writes in another way. */
function nextDurationMs(ms: number): number {
  const nextDay = (Math.floor(ms / dayMs) + 1) * dayMs;
  if (ms >= dayMs) return nextDay;
  return Math.min(nextDay, (Math.round(ms / hourMs) + 0.5) * hourMs);
}
