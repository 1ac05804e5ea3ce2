import type { ImagePackage, PackageRecord, PackageType } from '@tidewaiter/domain';

import { keyOf, plainPurl, type SbomDifferences } from './sbom-differences.js';
import { namesInSbom, packagesOfSbom } from './sbom-packages.js';

/** Types with one database for the whole image, which all tools read alike. */
const databaseTypes: ReadonlySet<PackageType> = new Set<PackageType>(['alpm', 'apk', 'deb', 'rpm']);
/** Least share of a database's names in an SBOM that is about the whole image. */
const leastOfDatabase = 0.5;
/**
 * The same for a folder of libraries or a program. It is nearly all of it: a tool that reads the
 * lock file of one application names many packages of the next one, too.
 */
const leastOfFolder = 0.9;

/** Differences with the number of the image's packages in which SBOM and image agree. */
export interface CommonSbomDifferences extends SbomDifferences {
  agreed: number;
}

/**
 * Compares an SBOM of an unknown tool with the packages of its image: only packages that all tools
 * find, and only parts of the image that the SBOM is evidently about. Versions count for packages
 * of distributions alone. An SBOM that names more than the image has is no difference: tools also
 * read lock files, and list what a build used.
 * @param sbom parsed from JSON
 * @throws LimitExceeded `maxPackages`
 * @throws MalformedFile for a document that is neither CycloneDX nor SPDX
 */
export function commonSbomDifferences(sbom: unknown, packages: readonly ImagePackage[]): CommonSbomDifferences {
  const listed = packagesOfSbom(sbom, 'the document').packages ?? [];
  const keys = new Set(listed.map(keyOf));
  const names = new Set(listed.map(nameKeyOf));
  const mentioned = namesInSbom(sbom);
  const present = packages.filter(({ state, isDeclared }) => state === 'present' && !isDeclared);
  const unlisted: PackageRecord[] = [];
  const databases = new Set<PackageType>();
  let agreed = 0;
  for (const [part, found] of Map.groupBy(present, partOf)) {
    if (part === null) continue;
    const { type } = found[0]!;
    const isDatabase = databaseTypes.has(type);
    const isNamed = (each: ImagePackage) => identitiesOf(each).some((identity) => names.has(nameKeyOf(identity)));
    const named = found.filter(isNamed);
    if (named.length < found.length * (isDatabase ? leastOfDatabase : leastOfFolder)) continue;
    if (isDatabase) databases.add(type);
    const unnamed = found.filter((each) => !isNamed(each) && !mentioned.has(each.name.toLowerCase()));
    const isSame = (each: ImagePackage) => identitiesOf(each).some((identity) => keys.has(keyOf(identity)));
    const otherwise = isDatabase ? named.filter((each) => !isSame(each)) : [];
    unlisted.push(...unnamed, ...otherwise);
    agreed += found.length - unnamed.length - otherwise.length;
  }
  if (unlisted.length === 0) return { unlisted: [], absent: [], agreed };
  const installed = new Set(present.flatMap(identitiesOf).map(keyOf));
  const absent = listed.filter((each) => databases.has(each.type) && isReal(each) && !installed.has(keyOf(each)));
  return { unlisted: purlsOf(unlisted), absent: purlsOf(absent), agreed };
}

/**
 * Names and versions by which tools may list a package. Docker Scout, which attests the SBOMs of
 * Docker's official images, names the source of a distribution's package.
 */
function identitiesOf(each: PackageRecord): PackageRecord[] {
  const { type, source } = each;
  if (!databaseTypes.has(type)) return [each];
  return [each, { ...each, name: source.name }, { ...each, ...source }];
}

function purlsOf(records: readonly PackageRecord[]): string[] {
  return [...new Set(records.map(plainPurl))].toSorted();
}

/** Folders of distributions' packages: some tools name the libraries in them, some the package. */
const distributionFolder = /^(?:usr\/)?(?:bin|sbin|lib|lib64|share)\//;

/** Manifest of a package that a lock file names, unlike copies that packages bring with them. */
const installedByNpm = /^(?:node_modules\/(?:@[^/]{1,255}\/)?[^/@]{1,255}\/){1,32}package\.json$/;

/** Metadata that all tools read: of a wheel or an egg, of an installed gem. */
const metadata: Partial<Record<PackageType, RegExp>> = {
  pypi: /\/(?:site|dist)-packages\/[^/]{1,255}\.(?:dist-info\/METADATA|egg-info\/PKG-INFO)$/,
  gem: /\/specifications\/[^/]{1,255}\.gemspec$/,
};

/**
 * Part of the image that a tool reads as a whole or not at all: a database, a folder of libraries,
 * a program. Null for packages that only some tools find or name alike.
 */
function partOf(each: ImagePackage): string | null {
  const { type, foundIn, name, version } = each;
  // An SBOM inside of the image names packages that need not be installed.
  if (databaseTypes.has(type)) return isReal(each) && !/\.(?:json|spdx)$/.test(foundIn) ? type : null;
  if (distributionFolder.test(foundIn)) return null;
  // Tools name the standard library and an unversioned main module in different ways, if at all.
  if (type === 'golang') return name !== 'stdlib' && /^v?\d/.test(version) ? `golang ${foundIn}` : null;
  if (type === 'npm') {
    const start = foundIn.indexOf('node_modules/');
    return start >= 0 && installedByNpm.test(foundIn.slice(start)) ? `npm ${foundIn.slice(0, start)}` : null;
  }
  const end = metadata[type] ? foundIn.search(metadata[type]) : -1;
  return end < 0 ? null : `${type} ${foundIn.slice(0, end)}`;
}

/** Whether it is a package, not a key or a group of packages that the database keeps like one. */
function isReal({ name }: PackageRecord): boolean {
  return name !== 'gpg-pubkey' && !name.startsWith('.');
}

function nameKeyOf(record: PackageRecord): string {
  const purl = plainPurl(record);
  return purl.slice(0, purl.lastIndexOf('@')).toLowerCase();
}
