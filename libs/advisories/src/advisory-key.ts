import type { OsRelease, PackageRecord } from '@tidewaiter/domain';

import { distributionOf } from './distributions.js';
import { ecosystems, languageEcosystems } from './ecosystems.js';

/**
 * Key of the advisories about a package: entries under any of these names, for this release of this
 * ecosystem or for all.
 */
export interface AdvisoryKey {
  /** Without the release, as OSV writes it: `Debian`, `npm`. */
  ecosystem: string;
  /** Null for packages without releases, such as language packages. */
  release: string | null;
  names: string[];
}

/**
 * Returns the key under which advisories list a package; null if none do, which must be reported
 * and not taken for safe. A package that a vendor built for a distribution is not the
 * distribution's, even under the same name.
 */
export function advisoryKeyOf(pkg: PackageRecord, os: OsRelease | null): AdvisoryKey | null {
  if (pkg.isThirdParty) return null;
  const language = languageEcosystems.get(pkg.type);
  const found = language === undefined ? os && distributionOf(os) : { ecosystem: language, release: null };
  const ecosystem = found && ecosystems.get(found.ecosystem);
  if (ecosystem?.packageType !== pkg.type) return null;
  return { ...found!, names: ecosystem.namesOf(pkg).map(({ name }) => name) };
}
