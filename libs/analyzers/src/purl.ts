import type { OsRelease, PackageRecord, PackageType } from '@tidewaiter/domain';
import { PackageURL } from 'packageurl-js';

/** The distributions whose packages are of a type, each type's own first. */
const distributions: Record<PackageType, readonly [string, ...string[]]> = {
  deb: ['debian', 'ubuntu'],
  apk: ['alpine', 'wolfi', 'chainguard', 'alpaquita'],
};

/**
 * The identity of a package in the fleet. A package of another family than the image's (a Debian database on Alpine)
 * belongs to no release that we know, so its purl names none.
 * @see https://github.com/package-url/purl-spec/blob/main/types-doc/deb-definition.md
 */
export function purlOf({ type, name, version, arch }: PackageRecord, os: OsRelease | null): string {
  const family = distributions[type];
  const isNative = os !== null && [os.id, ...os.idLike].some((id) => family.includes(id));
  const namespace = isNative ? os.id : family[0];
  const qualifiers = { ...(arch !== undefined && { arch }), ...(isNative && { distro: releaseOf(os) }) };
  const purl = new PackageURL(type, namespace, name, version, qualifiers, undefined).toString();
  // The library leaves `+` in versions, which the specification wants encoded; everywhere else it encodes it itself.
  return purl.replaceAll('+', '%2B');
}

function releaseOf({ id, versionId }: OsRelease): string {
  return versionId === undefined ? id : `${id}-${versionId}`;
}
