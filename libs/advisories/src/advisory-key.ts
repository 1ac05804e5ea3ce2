import type { OsRelease, PackageRecord } from '@tidewaiter/domain';

import { type Distribution, distributionOf } from './distributions.js';
import { type Ecosystem, ecosystems, languageEcosystems } from './ecosystems.js';
import { programEcosystem, programOf } from './programs/programs.js';
import { repositoriesOf } from './repositories.js';
import { backportedFrom } from './suites.js';

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

/** Raise it when packages get other keys: images are then evaluated again. */
export const advisoryKeysVersion = 3;

/**
 * Returns the key under which advisories list a package; null if none do, which must be reported
 * and not taken for safe. A package that a vendor built for a distribution is not the
 * distribution's, even under the same name; it may be a program's.
 */
export function advisoryKeyOf(pkg: PackageRecord, os: OsRelease | null): AdvisoryKey | null {
  const program = programOf(pkg);
  if (program) return { ecosystem: programEcosystem, release: program.name, names: [program.name] };
  const language = languageEcosystems.get(pkg.type);
  const found = language === undefined ? os && distributionOf(os) : { ecosystem: language, release: null };
  const ecosystem = found && ecosystems.get(found.ecosystem);
  if (ecosystem?.packageType !== pkg.type || isForeign(pkg, ecosystem, found!.release)) return null;
  const names = [...new Set(ecosystem.namesOf(pkg).map(({ name }) => name))];
  return { ecosystem: found!.ecosystem, release: releaseOf(pkg, found!, ecosystem), names };
}

/** Release that a package is of: by its version or its repositories, else that of the image. */
function releaseOf(pkg: PackageRecord, { ecosystem: name, release }: Distribution, { releaseOf: read }: Ecosystem) {
  const backported = name === 'Debian' ? backportedFrom(pkg.source.version) : undefined;
  return backported ?? repositoriesOf(pkg).flatMap((id) => read(id) ?? [])[0] ?? release;
}

/** A package that a vendor built is the distribution's business if its own repository has it. */
function isForeign(
  { isThirdParty, qualifiers }: PackageRecord,
  { repositoryOf }: Ecosystem,
  release: string | null,
): boolean {
  const id = qualifiers?.['repository_id'];
  return isThirdParty === true && (id === undefined || repositoryOf(id, release) === undefined);
}
