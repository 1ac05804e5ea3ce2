import { compareTagVersions, readTagVersion, type TagVersion, variantFamily } from './image-tag.js';

/** Version before another one, in the same repository. */
export interface Predecessor {
  tag: string;
  /** Common version numbers: `2.0` of `2.0.1` and `2.0.0`; null if there are none. */
  line: string | null;
}

interface KnownVersion {
  tag: string;
  version: TagVersion;
}

/**
 * Returns the known version before a tag: the highest one below it of the same prefix and variant.
 * A release follows a release, and a pre-release only if there is none. Null if the tag names no
 * version, or none is below it.
 */
export function predecessorOf(tag: string, knownTags: Iterable<string>): Predecessor | null {
  const version = readTagVersion(tag);
  if (!version) return null;
  const below: KnownVersion[] = [];
  for (const known of knownTags) {
    const other = known === tag ? null : readTagVersion(known);
    if (other && isOneLine(version, other) && compareTagVersions(other, version) < 0)
      below.push({ tag: known, version: other });
  }
  const found = nearest(version, preferred(version, below));
  return found && { tag: found.tag, line: lineOf(version, found.version) };
}

function isOneLine(a: TagVersion, b: TagVersion): boolean {
  return a.prefix === b.prefix && variantFamily(a) === variantFamily(b);
}

/**
 * Prefers releases: otherwise a pre-release pushed first would decide what counts as new in the
 * release.
 */
function preferred(version: TagVersion, below: KnownVersion[]): KnownVersion[] {
  const released = version.preRelease === null ? below.filter((each) => each.version.preRelease === null) : [];
  const kept = released.length > 0 ? released : below;
  const exact = kept.filter((each) => each.version.variant === version.variant);
  return exact.length > 0 ? exact : kept;
}

/**
 * Picks most shared leading numbers, then as many numbers as the tag, then the highest: `1.3`
 * follows `1.2`, not `1.2.9`.
 */
function nearest(version: TagVersion, below: readonly KnownVersion[]): KnownVersion | null {
  let best: KnownVersion | null = null;
  for (const each of below) if (!best || isNearer(version, each, best)) best = each;
  return best;
}

function isNearer({ numbers }: TagVersion, a: KnownVersion, b: KnownVersion): boolean {
  const shared = commonNumbers(numbers, a.version.numbers) - commonNumbers(numbers, b.version.numbers);
  if (shared !== 0) return shared > 0;
  const alike = Number(isAsLong(numbers, a)) - Number(isAsLong(numbers, b));
  if (alike !== 0) return alike > 0;
  const order = compareTagVersions(a.version, b.version);
  // `1.2` and `v1.2` are one version: use the alphabetically first, so that the order of the list
  // does not matter.
  return order === 0 ? a.tag < b.tag : order > 0;
}

function isAsLong(numbers: readonly string[], { version }: KnownVersion): boolean {
  return version.numbers.length === numbers.length;
}

function commonNumbers(a: readonly string[], b: readonly string[]): number {
  const different = a.findIndex((number, index) => number !== b[index]);
  return different === -1 ? a.length : different;
}

function lineOf(a: TagVersion, b: TagVersion): string | null {
  const common = Math.min(commonNumbers(a.numbers, b.numbers), a.numbers.length - 1);
  return common <= 0 ? null : a.numbers.slice(0, common).join('.');
}
