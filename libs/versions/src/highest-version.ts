import { InvalidInput } from '@tidewaiter/domain';

import { type VersionComparer, versionSchemeOf, versionSchemes } from './version-schemes.js';

/** Version comparer of a package type; undefined where the order is unknown. */
export function versionOrder(packageType: string): VersionComparer | undefined {
  const scheme = versionSchemeOf(packageType);
  return scheme && versionSchemes[scheme];
}

/** Highest of some versions; null where they cannot be compared. */
export function highestVersion(versions: readonly string[], order: VersionComparer | undefined): string | null {
  if (versions.length === 1) return versions[0]!;
  if (!order) return null;
  try {
    return versions.toSorted(order).at(-1) ?? null;
  } catch (error) {
    if (error instanceof InvalidInput) return null;
    throw error;
  }
}
