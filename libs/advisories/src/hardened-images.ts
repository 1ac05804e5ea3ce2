import type { OsRelease, PackageRecord } from '@tidewaiter/domain';

import { repositoriesOf } from './repositories.js';

/** `ID` of os-release in Docker Hardened Images, whose packages Docker builds itself. */
export const hardenedId = 'dhi';

/** Repository that a package of the hardened base of an image is recorded with. */
export const hardenedRepository = 'dhi';

/** Folder of the records about Docker Hardened Images in the OSV bucket. */
export const hardenedSource = 'Docker Hardened Images';

/** Distributions that hardened packages are built from, by `ID`, and the form of releases. */
const families: ReadonlyMap<string, { ecosystem: string; release: RegExp }> = new Map([
  ['alpine', { ecosystem: `${hardenedSource}:Alpine`, release: /^\d{1,3}\.\d{1,3}/ }],
  ['debian', { ecosystem: `${hardenedSource}:Debian`, release: /^\d{1,3}/ }],
]);

/** Ecosystems of that folder. */
export const hardenedEcosystems: readonly string[] = [...families.values()].map(({ ecosystem }) => ecosystem);

/**
 * Distribution whose packages an image may add to its base: of a Docker Hardened Image the one
 * that it is built from, of others its own.
 */
export function familyOf(os: OsRelease): OsRelease {
  const family = os.id === hardenedId ? os.idLike.find((each) => families.has(each)) : undefined;
  return family === undefined ? os : { ...os, id: family };
}

/** Ecosystem and release of a package of a hardened base; undefined for any other package. */
export function hardenedKey(
  pkg: Pick<PackageRecord, 'qualifiers'>,
  os: OsRelease,
): { ecosystem: string; release: string } | undefined {
  if (os.id !== hardenedId || !repositoriesOf(pkg).includes(hardenedRepository)) return undefined;
  const family = families.get(familyOf(os).id);
  const [release] = family?.release.exec(os.versionId ?? '') ?? [];
  return family && release !== undefined ? { ecosystem: family.ecosystem, release } : undefined;
}
