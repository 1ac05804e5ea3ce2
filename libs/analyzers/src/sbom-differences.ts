import type { ImagePackage, PackageRecord } from '@tidewaiter/domain';

import { purlOf } from './purl.js';
import { packagesOfSbom } from './sbom-packages.js';

/** Differences between an SBOM of an image and the packages that are in it, by purl, sorted. */
export interface SbomDifferences {
  /** Packages of the image that the SBOM lacks. */
  unlisted: string[];
  /** Packages of the SBOM that the image lacks. */
  absent: string[];
}

/**
 * Compares an SBOM, parsed from JSON, with the packages of its image. Programs outside of package
 * managers do not count: no other tool names them alike.
 * @throws LimitExceeded `maxPackages`
 * @throws MalformedFile for a document that is neither CycloneDX nor SPDX
 */
export function sbomDifferences(sbom: unknown, packages: readonly ImagePackage[]): SbomDifferences {
  const listed = byKey(packagesOfSbom(sbom, 'the document').packages ?? []);
  const found = byKey(packages.filter(({ state, isDeclared }) => state === 'present' && !isDeclared));
  return { unlisted: onlyIn(found, listed), absent: onlyIn(listed, found) };
}

function byKey(records: readonly PackageRecord[]): Map<string, string> {
  return new Map(records.filter(({ type }) => type !== 'generic').map((record) => [keyOf(record), plainPurl(record)]));
}

function onlyIn(these: ReadonlyMap<string, string>, others: ReadonlyMap<string, string>): string[] {
  return [...these].flatMap(([key, purl]) => (others.has(key) ? [] : [purl])).toSorted();
}

/**
 * Type, name and version. Tools write the epoch into the version or beside it, Go's `v` or none,
 * and an unknown version of a main module in different ways.
 */
export function keyOf(record: PackageRecord): string {
  const { type, name, version } = record;
  if (type === 'golang')
    return `golang ${name.toLowerCase()} ${version.replace(/^v|^\(devel\)$|\+incompatible$/g, '')}`;
  return plainPurl({ ...record, version: version.replace(/^\d{1,9}:/, '') });
}

/** Purl without qualifiers. */
export function plainPurl({ qualifiers: _, arch: __, ...record }: PackageRecord): string {
  return purlOf(record, null).split('?', 1)[0]!;
}
