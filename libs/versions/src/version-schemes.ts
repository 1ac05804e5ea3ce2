import { compareApk } from './apk.js';
import { compareDpkg } from './dpkg.js';

/**
 * Orders two versions of one scheme: negative, 0 or positive.
 * @throws InvalidInput `UNPARSABLE_VERSION` when the answer would depend on a part that the scheme cannot read.
 */
export type VersionComparer = (a: string, b: string) => number;

export type VersionScheme = 'apk' | 'dpkg';

/** Every scheme that we can order. A new one is a file beside this and a line here. */
export const versionSchemes: Record<VersionScheme, VersionComparer> = {
  apk: compareApk,
  dpkg: compareDpkg,
};
