export { compareApk } from './apk.js';
export { compareDpkg } from './dpkg.js';
export { versionSchemes } from './version-schemes.js';
export type { VersionComparer, VersionScheme } from './version-schemes.js';
