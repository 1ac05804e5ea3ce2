import type { OsRelease, PackageRecord } from '@tidewaiter/domain';

import { type Distribution, distributionOf } from './distributions.js';
import { type Ecosystem, ecosystems, languageEcosystems } from './ecosystems.js';
import { hardenedKey } from './hardened-images.js';
import { programEcosystem, programOf } from './programs/programs.js';
import { repositoriesOf } from './repositories.js';
import { isLater, releaseOrder } from './suites.js';

/**
 * Key of the advisories about a package: entries under any of these names, for this release of this
 * ecosystem or for all.
 */
export interface AdvisoryKey {
  /** Without the release, as OSV writes it: `Debian`, `npm`. */
  ecosystem: string;
  /** Null for packages without releases, such as language packages. */
  release: string | null;
  /** Releases that the package may be of as well, where the image leaves several. */
  otherReleases?: string[];
  names: string[];
}

/** Releases that a package may be of, the preferred one first. */
export function releasesOf({ release, otherReleases = [] }: Pick<AdvisoryKey, 'release' | 'otherReleases'>) {
  return [release, ...otherReleases];
}

/** Raise it when packages get other keys: images are then evaluated again. */
export const advisoryKeysVersion = 7;

/**
 * Returns the key under which advisories list a package; null if none do, which must be reported
 * and not taken for safe. A package that a vendor built for a distribution is not the
 * distribution's, even under the same name; it may be a program's.
 */
export function advisoryKeyOf(pkg: PackageRecord, os: OsRelease | null): AdvisoryKey | null {
  const hardened = os && hardenedKey(pkg, os);
  const program = hardened ? undefined : programOf(pkg);
  if (program) return { ecosystem: programEcosystem, release: program.name, names: [program.name] };
  const language = languageEcosystems.get(pkg.type);
  const found =
    language === undefined ? (hardened ?? (os && distributionOf(os))) : { ecosystem: language, release: null };
  const ecosystem = found && ecosystems.get(found.ecosystem);
  if (ecosystem?.packageType !== pkg.type || isForeign(pkg, ecosystem, found!.release)) return null;
  const names = [...new Set(ecosystem.namesOf(pkg).map(({ name }) => name))];
  return { ecosystem: found!.ecosystem, ...releasesFor(pkg, found!, ecosystem), names };
}

/**
 * Releases that a package may be of. A version that names one decides, unless that is an earlier
 * release which is not enabled: a release keeps versions of earlier ones.
 */
function releasesFor(
  pkg: PackageRecord,
  { release: own }: Distribution,
  { releaseOf, releaseIn }: Ecosystem,
): Pick<AdvisoryKey, 'release' | 'otherReleases'> {
  const enabled = [...new Set(repositoriesOf(pkg).flatMap((id) => releaseOf(id) ?? []))];
  const named = releaseIn(pkg.source.version);
  if (named && (named.isBackport || enabled.includes(named.release) || isLater(named.release, own))) {
    return { release: named.release };
  }
  const [release = own, ...others] = enabled.toSorted(
    (a, b) => Number(b === own) - Number(a === own) || releaseOrder(a) - releaseOrder(b),
  );
  return { release, ...(others.length > 0 && { otherReleases: others }) };
}

/** Packages that Root patches have names of their own, which no record of another source lists. */
const rootName = /^(?:rootio-|@rootio\/)/;

/** A package that a vendor built is the distribution's business if its own repository has it. */
function isForeign(
  { name, isThirdParty, qualifiers }: PackageRecord,
  { repositoryOf }: Ecosystem,
  release: string | null,
): boolean {
  if (rootName.test(name)) return true;
  const id = qualifiers?.['repository_id'];
  return isThirdParty === true && (id === undefined || repositoryOf(id, release) === undefined);
}
