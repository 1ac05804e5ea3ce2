import type { PackageRecord, PackageType } from '@tidewaiter/domain';
import { type VersionComparer, versionSchemes } from '@tidewaiter/versions';

/** What we know of an OSV ecosystem. @see https://ossf.github.io/osv-schema/#defined-ecosystems */
export interface Ecosystem {
  packageType: PackageType;
  compare: VersionComparer;
  /** Whether a record may leave the release out and then speaks of all of them. A bare `Alpine` is somebody else's data. */
  isReleaseOptional: boolean;
  /** The names under which its records may list a package. */
  namesOf: (pkg: PackageRecord) => string[];
}

const sourceName = ({ source }: PackageRecord): string[] => [source.name];

/** A new ecosystem is a line here; a distribution needs another one in `distributions.ts`. */
export const ecosystems: ReadonlyMap<string, Ecosystem> = new Map([
  ['Alpaquita', { packageType: 'apk', compare: versionSchemes.apk, isReleaseOptional: false, namesOf: sourceName }],
  ['Alpine', { packageType: 'apk', compare: versionSchemes.apk, isReleaseOptional: false, namesOf: sourceName }],
  ['Debian', { packageType: 'deb', compare: versionSchemes.dpkg, isReleaseOptional: true, namesOf: sourceName }],
  ['Ubuntu', { packageType: 'deb', compare: versionSchemes.dpkg, isReleaseOptional: false, namesOf: sourceName }],
]);
