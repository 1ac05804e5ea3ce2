import type { ImagePackage, OsRelease, PackageRecord } from '@tidewaiter/domain';

import { type AptPin, pinnedSuites } from './apt-pins.js';
import { distributionOf } from './distributions.js';
import { familyOf } from './hardened-images.js';
import { repositoriesOf } from './repositories.js';
import {
  alpineBranch,
  backportedFrom,
  debianRelease,
  debianReleaseIn,
  isLater,
  isProSuite,
  releaseOrder,
  suiteOfRelease,
  ubuntuRelease,
  ubuntuReleaseIn,
} from './suites.js';

/** Configuration of apt or apk when some packages of an image were installed. */
export interface EnabledSuites {
  /** Suites of releases, see {@link suitesOfReleases}. */
  suites: readonly string[];
  /** In the order in which apt reads them. */
  pins: readonly AptPin[];
  /** Whether the distribution itself was installed then, by a tool that reads no configuration. */
  isBase: boolean;
}

/**
 * Suites that a package may be from, one for each release, in the order of the releases; none if
 * its release is that of os-release, or named by its version.
 * @param configurations those of all layers that installed this version
 */
export function suitesOfPackage(
  os: OsRelease,
  pkg: Pick<PackageRecord, 'name' | 'source'>,
  configurations: readonly EnabledSuites[],
): string[] {
  const rule = byId.get(os.id);
  if (rule === undefined || rule.isBackport(pkg.source.version)) return [];
  const own = distributionOf(os)?.release ?? null;
  const suites = configurations.flatMap(({ suites: enabled, pins, isBase }) => {
    const ofOwn = own !== null && (isBase || enabled.length === 0) ? [suiteOfRelease(own)] : [];
    return [...pinnedSuites(enabled, pins, pkg, rule.origin), ...ofOwn];
  });
  // Keeps the first of several suites of a release.
  const possible = new Map(
    suites
      .toSorted()
      .toReversed()
      .map((suite) => [rule.releaseOf(suite)!, suite]),
  );
  const named = rule.releaseIn(pkg.source.version);
  const isNamed = named !== undefined && (possible.has(named) || isLater(named, own));
  const releases = isNamed ? [named] : [...possible.keys()].toSorted((a, b) => releaseOrder(a) - releaseOrder(b));
  return releases.join() === own ? [] : releases.flatMap((release) => possible.get(release) ?? []);
}

/** Suites of known releases among the enabled ones, once each: of a hostile image, too, few. */
export function suitesOfReleases(os: OsRelease, enabled: Iterable<string>): string[] {
  const rule = byId.get(os.id);
  return [...new Set(enabled)].filter((suite) => rule?.releaseOf(suite) !== undefined);
}

/** Suite of a tag of apk, unless its release is that of os-release. */
export function suiteOfTag(os: OsRelease, suite: string): string | undefined {
  const release = byId.get(os.id)?.releaseOf(suite);
  return release === undefined || release === distributionOf(os)?.release ? undefined : suite;
}

/** Enabled suites of Ubuntu Pro, whose fixes an image of Ubuntu gets, sorted. */
export function proSuites(os: OsRelease, enabled: readonly string[]): string[] {
  return os.id === 'ubuntu' ? [...new Set(enabled.filter(isProSuite))].toSorted() : [];
}

/** Packages of an image that may be of several releases. */
export interface MixedReleases {
  distribution: string;
  releases: string[];
  packages: number;
}

/** Sets of releases between which an image does not distinguish its packages. */
export function mixedReleases(packages: readonly ImagePackage[], os: OsRelease | null): MixedReleases[] {
  const rule = os && byId.get(familyOf(os).id);
  const mixed = new Map<string, MixedReleases>();
  for (const pkg of packages) {
    if (!rule || pkg.state !== 'present' || pkg.isThirdParty === true) continue;
    const releases = [...new Set(repositoriesOf(pkg).flatMap((id) => rule.releaseOf(id) ?? []))];
    if (releases.length < 2) continue;
    const known = mixed.get(releases.join());
    if (known) known.packages += 1;
    else mixed.set(releases.join(), { distribution: rule.origin, releases, packages: 1 });
  }
  return [...mixed.values()].toSorted((a, b) => (a.releases.join() < b.releases.join() ? -1 : 1));
}

interface SuitesRule {
  origin: string;
  releaseOf: (suite: string) => string | undefined;
  releaseIn: (version: string) => string | undefined;
  /** Whether a version names the release that it was built from, which then decides. */
  isBackport: (version: string) => boolean;
}

const none = (): undefined => undefined;
const never = (): boolean => false;

/**
 * Distributions whose repositories decide. Their ecosystems have the same readers; a scan without
 * advisories does not load those.
 */
const byId: ReadonlyMap<string, SuitesRule> = new Map<string, SuitesRule>([
  ['alpine', { origin: 'Alpine', releaseOf: alpineBranch, releaseIn: none, isBackport: never }],
  [
    'debian',
    {
      origin: 'Debian',
      releaseOf: debianRelease,
      releaseIn: debianReleaseIn,
      isBackport: (version) => backportedFrom(version) !== undefined,
    },
  ],
  ['ubuntu', { origin: 'Ubuntu', releaseOf: ubuntuRelease, releaseIn: ubuntuReleaseIn, isBackport: never }],
]);
