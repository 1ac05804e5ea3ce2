import type { OsRelease } from '@tidewaiter/domain';

import { distributionOf } from './distributions.js';
import { alpineBranch, debianRelease, isProSuite, releaseOrder, ubuntuRelease } from './suites.js';

/** Suites of apt or branches of apk by which the packages of an image are evaluated. */
export interface DecidingSuites {
  /** `Debian`; undefined for a distribution whose repositories do not decide. */
  ecosystem: string | undefined;
  /** Suites that decide other than os-release does; none for most images. */
  suites: string[];
  /** Release by which the packages are evaluated; null if unknown. */
  release: string | null;
  /** Other releases that packages may be from; package managers record none. */
  others: string[];
}

/**
 * Decides by which release the packages of an image are evaluated, by the suites that it has
 * enabled: that of os-release if it is one of them, or none is known, else the newest one, which
 * the package manager prefers. Edge, of which no advisories are published, decides only where
 * os-release names no other release.
 */
export function decidingSuites(os: OsRelease, enabled: readonly string[]): DecidingSuites {
  const own = distributionOf(os)?.release ?? null;
  const pro = os.id === 'ubuntu' ? enabled.filter(isProSuite) : [];
  const bySuite = new Map(enabled.flatMap((suite) => pairOf(suite, os)));
  const releases = [...new Set(bySuite.values())].toSorted((a, b) => releaseOrder(a) - releaseOrder(b));
  const deciders = own === null ? releases : releases.filter((each) => each !== 'edge');
  const decides = deciders.length > 0 && !releases.includes(own!);
  const release = decides ? deciders.at(-1)! : own;
  const deciding = decides ? [...bySuite].filter(([, each]) => each === release).map(([suite]) => suite) : [];
  return {
    ecosystem: byId.get(os.id)?.ecosystem,
    // One suite of the release is enough.
    suites: [...new Set([...deciding.toSorted().slice(0, 1), ...pro])].toSorted(),
    release,
    others: releases.filter((each) => each !== release),
  };
}

/** Suite that decides about the packages of a tag of apk, unless its release does so anyway. */
export function suiteOfTag(os: OsRelease, suite: string, release: string | null): string | undefined {
  const own = pairOf(suite, os)[0]?.[1];
  return own === undefined || own === release ? undefined : suite;
}

function pairOf(suite: string, os: OsRelease): [suite: string, release: string][] {
  const release = byId.get(os.id)?.releaseOf(suite);
  return release === undefined ? [] : [[suite, release]];
}

/**
 * Distributions whose repositories decide, also where os-release names no release. Their ecosystems
 * have the same readers; a scan without advisories does not load those.
 */
const byId: ReadonlyMap<string, { ecosystem: string; releaseOf: (suite: string) => string | undefined }> = new Map([
  ['alpine', { ecosystem: 'Alpine', releaseOf: alpineBranch }],
  ['debian', { ecosystem: 'Debian', releaseOf: debianRelease }],
  ['ubuntu', { ecosystem: 'Ubuntu', releaseOf: ubuntuRelease }],
]);
