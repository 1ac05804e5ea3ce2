import type { BlindSpot } from './blind-spots.js';
import { type AdvisoryFeed, endOfLifeFeed, epssFeed, isFactFeed, kevListOf } from './feed.js';
import { hardenedEcosystems, hardenedSource } from './hardened-images.js';
import { programEcosystem } from './programs/programs.js';

const hourMs = 60 * 60_000;
const dayMs = 24 * hourMs;
/** Later than this is no date. */
const maxTimeMs = 8.64e15;

/** Ages above which data gives a warning: of every source, and of sources or ecosystems by name. */
export interface AgeLimits {
  usualMs: number;
  /** Milliseconds by name: `Red Hat VEX`, `Debian`, `KEV`. */
  named: Readonly<Record<string, number>>;
}

export const usualAgeLimits: AgeLimits = { usualMs: 7 * dayMs, named: {} };

/** Date of one source of an ecosystem's data: `Red Hat VEX` of `Red Hat`. */
export interface SourceAge {
  ecosystem: string;
  source: string;
  /** Time up to which published advisories are known, by the date of the data; ISO 8601. */
  asOf: string;
}

/** Feeds of ecosystems that have others than those of their name. */
const feedsOf: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  [programEcosystem, ['NVD', 'Bitnami']],
  ['openSUSE', ['openSUSE', 'SUSE VEX']],
  ...hardenedEcosystems.map((name) => [name, [hardenedSource]] as const),
]);

type FeedDate = Pick<AdvisoryFeed, 'name' | 'asOf'>;

/**
 * Dates of the sources of some ecosystems: `Red Hat` and `Red Hat VEX`. An ecosystem without a feed
 * of its own came with imports of other names, so the oldest of all counts.
 */
export function sourceAges(feeds: readonly FeedDate[], ecosystems: Iterable<string>): SourceAge[] {
  const records = feeds
    .filter(({ name }) => !isFactFeed(name))
    .toSorted((one, other) => (one.asOf < other.asOf ? -1 : 1));
  return [...new Set(ecosystems)].toSorted().flatMap((ecosystem) => {
    const names = feedsOf.get(ecosystem) ?? [ecosystem];
    const own = records.filter(({ name }) => names.some((each) => name === each || name.startsWith(`${each} `)));
    const sources = own.length > 0 ? own : records.slice(0, 1);
    return sources.map(({ name: source, asOf }) => ({ ecosystem, source, asOf }));
  });
}

/** Dates of the data about exploitation, KEV and EPSS; a source that was never read is left out. */
export function exploitationAges(feeds: readonly FeedDate[]): SourceAge[] {
  return agesOf(feeds.filter(({ name }) => kevListOf(name) !== undefined || name === epssFeed));
}

/** Date of the data about ends of support; none where only built-in dates are known. */
export function endOfLifeAges(feeds: readonly FeedDate[]): SourceAge[] {
  return agesOf(feeds.filter(({ name }) => name === endOfLifeFeed));
}

function agesOf(feeds: readonly FeedDate[]): SourceAge[] {
  return feeds.map(({ name, asOf }) => ({ ecosystem: name, source: name, asOf }));
}

/** Date of a source, whatever its data is used for. */
export type SourceDate = Pick<SourceAge, 'source' | 'asOf'>;

/** Dates of sources, each once: one source may be about several ecosystems. */
export function sourceDates(ages: readonly SourceAge[]): SourceDate[] {
  const dates = new Map(ages.map(({ source, asOf }) => [source, asOf]));
  const byName = [...dates].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return byName.map(([source, asOf]) => ({ source, asOf }));
}

/** Oldest date; null without dates. */
export function oldestOf(ages: readonly SourceAge[]): string | null {
  return ages.map(({ asOf }) => asOf).toSorted()[0] ?? null;
}

/** Returns a warning for each source that is too old. */
export function staleAdvisories(ages: readonly SourceAge[], now: Date, limits = usualAgeLimits): BlindSpot[] {
  return tooOld(ages, now, limits).map(({ ecosystem, source, age }) => ({
    code: 'ADVISORIES_STALE',
    path: null,
    message: `advisories for ${ecosystem}${source === ecosystem ? '' : ` from ${source}`} are ${age}: newer vulnerabilities are missing`,
  }));
}

/**
 * Returns a warning for KEV and EPSS if their data is too old. They rank findings, so that a
 * verdict about vulnerabilities remains one.
 */
export function staleExploitation(ages: readonly SourceAge[], now: Date, limits = usualAgeLimits): BlindSpot[] {
  return tooOld(ages, now, limits).map(({ source, age }) => ({
    code: 'EXPLOITATION_STALE',
    path: null,
    message: `${source} is ${age}: newer exploitation is missing`,
  }));
}

/** Returns a warning if the data about ends of support is too old. */
export function staleEndOfLife(ages: readonly SourceAge[], now: Date, limits = usualAgeLimits): BlindSpot[] {
  return tooOld(ages, now, limits).map(({ source, age }) => ({
    code: 'END_OF_LIFE_STALE',
    path: null,
    message: `${source} is ${age}: newer ends of support are missing`,
  }));
}

/**
 * When the warnings about the age of these sources change next: one more, or another age in words.
 * Null if they never do.
 */
export function staleWarningsChangeAt(ages: readonly SourceAge[], now: Date, limits = usualAgeLimits): Date | null {
  const times = ages.map((each) => {
    const { asOf } = each;
    const maxAgeMs = limitOf(each, limits);
    const ageMs = now.getTime() - Date.parse(asOf);
    if (ageMs <= maxAgeMs) return Date.parse(asOf) + maxAgeMs + 1;
    return Date.parse(asOf) + nextDurationMs(ageMs);
  });
  const next = Math.min(...times.filter((time) => time <= maxTimeMs));
  return Number.isFinite(next) ? new Date(next) : null;
}

/** Codes of the warnings about the age of data; stored ones are outdated, since data ages. */
export const ageWarnings: ReadonlySet<string> = new Set<BlindSpot['code']>([
  'ADVISORIES_STALE',
  'EXPLOITATION_STALE',
  'END_OF_LIFE_STALE',
]);

/** Whether the data of a source is older than it may be. */
export function isTooOld(age: SourceAge, now: Date, limits = usualAgeLimits): boolean {
  return now.getTime() - Date.parse(age.asOf) > limitOf(age, limits);
}

/** Sources over their limit, with their age in words. */
function tooOld(ages: readonly SourceAge[], now: Date, limits: AgeLimits) {
  return ages.flatMap((each) => {
    const { ecosystem, source, asOf } = each;
    if (!isTooOld(each, now, limits)) return [];
    const ago = duration(now.getTime() - Date.parse(asOf));
    const age = `as of ${asOf}, ${ago} ago, and may be ${duration(limitOf(each, limits))} old at most`;
    return { ecosystem, source, age };
  });
}

function limitOf({ source, ecosystem }: SourceAge, { usualMs, named }: AgeLimits): number {
  const name = [source, ecosystem].find((each) => Object.hasOwn(named, each));
  return name === undefined ? usualMs : named[name]!;
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
