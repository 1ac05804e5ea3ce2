import type { SupportEnd } from '@tidewaiter/advisories';

import { isWithin, type ProductLifecycle, type ReleaseLine } from './lifecycles.js';

export type Lifecycle = 'supported' | 'extended' | 'ended';

/**
 * Returns the release of a version; undefined if it is newer than the data, or a release that the
 * product does not have. Support for versions older than the oldest release here ended no later
 * than for that one.
 */
export function releaseOf({ releases }: ProductLifecycle, version: string): ReleaseLine | undefined {
  const found = releases.find((release) => isWithin(version, release.version));
  if (found) return found;
  const oldest = releases.at(-1);
  return oldest && isOlder(version, oldest.version) ? { ...oldest, version: numbersOf(version)! } : undefined;
}

/**
 * Returns the release that a tag names: `3.12-slim` exactly, `3` the newest 3.x, `bookworm` by its
 * code name.
 */
export function releaseOfTag(product: ProductLifecycle, tag: string): ReleaseLine | undefined {
  const { releases } = product;
  const [word = ''] = tag.replace(/^v(?=\d)/, '').split(/[-_]/, 1);
  if (!/^\d/.test(word)) return releases.find(({ codename }) => codename !== null && codename === word);
  const [version = ''] = /^\d+(?:\.\d+)*/.exec(word) ?? [];
  const exact = releases.find((release) => isWithin(version, release.version));
  return exact ?? releases.find((release) => isWithin(release.version, version)) ?? releaseOf(product, version);
}

/** Support status of a release. Support includes its last day, in UTC. */
function lifecycleOf({ supportEnds, extendedEnds }: ReleaseLine, now: Date): Lifecycle {
  const today = now.toISOString().slice(0, 10);
  const hasEnded = (end: SupportEnd) => end === 'over' || (end !== 'ongoing' && end < today);
  if (!hasEnded(supportEnds)) return 'supported';
  return extendedEnds !== null && !hasEnded(extendedEnds) ? 'extended' : 'ended';
}

/** Support status of a release, with a sentence about it. */
export function endOfRelease(
  { name, extended = 'extended support' }: ProductLifecycle,
  release: ReleaseLine,
  now: Date,
): { lifecycle: Lifecycle; text: string } {
  const lifecycle = lifecycleOf(release, now);
  const named = `${name} ${release.version}`;
  const { supportEnds, extendedEnds } = release;
  if (lifecycle === 'supported') return { lifecycle, text: `${named} is supported` };
  if (lifecycle === 'ended') return { lifecycle, text: `${named} is end of life${since(extendedEnds ?? supportEnds)}` };
  const until = dayOf(extendedEnds) === null ? '' : ` until ${extendedEnds}`;
  return { lifecycle, text: `${named} has had no standard support${since(supportEnds)}; only ${extended}${until}` };
}

function since(end: SupportEnd): string {
  return dayOf(end) === null ? '' : ` since ${end}`;
}

/** Day of an end; null if it is not published. */
export function dayOf(end: SupportEnd | null): string | null {
  return end !== null && /^\d/.test(end) ? end : null;
}

/** Versions of the releases with public support, the newest first. */
export function supportedReleases({ releases }: ProductLifecycle, now: Date): string[] {
  return releases.filter((release) => lifecycleOf(release, now) === 'supported').map(({ version }) => version);
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
