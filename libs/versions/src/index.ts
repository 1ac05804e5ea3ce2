export { compareApk } from './apk.js';
export { compareDpkg } from './dpkg.js';
export { withoutGemPlatform } from './gem.js';
export { satisfiesVers } from './vers.js';
export { satisfiesConstraint } from './version-constraint.js';
export { versionRanges } from './version-ranges.js';
export type { VersionRangeTest } from './version-ranges.js';
export { versionSchemeOf, versionSchemes } from './version-schemes.js';
export type { VersionComparer, VersionScheme } from './version-schemes.js';
