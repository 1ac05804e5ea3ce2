import type { OsRelease, PackageRecord, PackageType } from '@tidewaiter/domain';
import { versionSchemes } from '@tidewaiter/versions';
import type { VersionComparer } from '@tidewaiter/versions';

/** A release of a distribution, as OSV writes it: `Debian` and `12`, `Alpine` and `v3.20`, `Ubuntu` and `22.04:LTS`. */
export interface Distribution {
  ecosystem: string;
  release: string;
}

/** Where the advisories about a package are: any of the names in this release of this ecosystem. */
export interface AdvisoryKey extends Distribution {
  names: string[];
}

/** What we know of an OSV ecosystem. @see https://ossf.github.io/osv-schema/#defined-ecosystems */
export interface Ecosystem {
  packageType: PackageType;
  compare: VersionComparer;
  /** Whether a record may leave the release out and then speaks of all of them. A bare `Alpine` is somebody else's data. */
  isReleaseOptional: boolean;
}

/** A new distribution is a line here and one in `releases`. */
export const ecosystems: ReadonlyMap<string, Ecosystem> = new Map([
  ['Alpaquita', { packageType: 'apk', compare: versionSchemes.apk, isReleaseOptional: false }],
  ['Alpine', { packageType: 'apk', compare: versionSchemes.apk, isReleaseOptional: false }],
  ['Debian', { packageType: 'deb', compare: versionSchemes.dpkg, isReleaseOptional: true }],
  ['Ubuntu', { packageType: 'deb', compare: versionSchemes.dpkg, isReleaseOptional: false }],
]);

/** From `ID` of os-release to the ecosystem, and from `VERSION_ID` to the release, which is null where we do not know it. */
const releases: ReadonlyMap<string, { ecosystem: string; release: (versionId: string) => string | null }> = new Map([
  ['alpaquita', { ecosystem: 'Alpaquita', release: alpaquitaRelease }],
  ['alpine', { ecosystem: 'Alpine', release: alpineRelease }],
  ['debian', { ecosystem: 'Debian', release: debianRelease }],
  ['ubuntu', { ecosystem: 'Ubuntu', release: ubuntuRelease }],
]);

/**
 * Finds out whose advisories speak about the packages of an image; null when nobody's do, which is to be reported, not taken for
 * safe. `ID_LIKE` is never asked: a derivative rebuilds packages with versions of its own.
 */
export function distributionOf(os: OsRelease): Distribution | null {
  const known = releases.get(os.id);
  const release = known?.release(os.versionId ?? '') ?? null;
  return known && release !== null ? { ecosystem: known.ecosystem, release } : null;
}

/** Finds where advisories would list a package. A package of another distribution's kind has no names: nobody speaks about it. */
export function advisoryKeyOf(pkg: PackageRecord, { ecosystem, release }: Distribution): AdvisoryKey {
  const isForeign = ecosystems.get(ecosystem)?.packageType !== pkg.type;
  return { ecosystem, release, names: isForeign ? [] : [pkg.source.name] };
}

function alpaquitaRelease(versionId: string): string | null {
  return /^(stream|[0-9]{1,3})$/.test(versionId) ? versionId : null;
}

function alpineRelease(versionId: string): string | null {
  const [, branch, next] = /^([0-9]{1,3}\.[0-9]{1,3})(?:\.[0-9]{1,3})?(_alpha[0-9]{1,8})?$/.exec(versionId) ?? [];
  if (branch === undefined) return null;
  // Edge calls itself an alpha of the release that it will become.
  return next === undefined ? `v${branch}` : 'edge';
}

function debianRelease(versionId: string): string | null {
  return /^([0-9]{1,3})(?:\.[0-9]{1,3})*$/.exec(versionId)?.[1] ?? null;
}

function ubuntuRelease(versionId: string): string | null {
  const [, year, month] = /^([0-9]{1,2})\.(04|10)$/.exec(versionId) ?? [];
  if (year === undefined) return null;
  const isLongTerm = Number(year) % 2 === 0 && month === '04';
  return isLongTerm ? `${versionId}:LTS` : versionId;
}
