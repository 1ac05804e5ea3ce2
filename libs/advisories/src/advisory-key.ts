import type { OsRelease, PackageRecord } from '@tidewaiter/domain';

import { distributionOf } from './distributions.js';
import { ecosystems } from './ecosystems.js';

/** Where the advisories about a package are: entries under any of these names, of this release of this ecosystem or of all. */
export interface AdvisoryKey {
  /** Without the release, as OSV writes it: `Debian`, `npm`. */
  ecosystem: string;
  /** Null where packages belong to no release, as those of languages do. */
  release: string | null;
  names: string[];
}

/** Finds where advisories would list a package; null when nobody judges it, which is to be reported, not taken for safe. */
export function advisoryKeyOf(pkg: PackageRecord, os: OsRelease | null): AdvisoryKey | null {
  const distribution = os && distributionOf(os);
  const ecosystem = distribution && ecosystems.get(distribution.ecosystem);
  return ecosystem?.packageType === pkg.type ? { ...distribution!, names: ecosystem.namesOf(pkg) } : null;
}
