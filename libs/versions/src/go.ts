import { compareSemver } from './semver.js';

/**
 * Versions of Go's own releases, `go1.21rc2`, with suffixes of other builds: `go1.21.3-bigcorp
 * X:boringcrypto`.
 */
const toolchainPattern = /^go([0-9.]+(?:(?:alpha|beta|rc)[0-9]+)?)(?:[ -].*)?$/;
const toolchainPreReleasePattern = /^([0-9.]+)(alpha|beta|rc)([0-9]+)$/;

/**
 * Orders two versions of Go modules, or of Go itself (package `stdlib`), with or without the `v` or
 * `go` prefix.
 *
 * Pseudo-versions need no special case, they are pre-releases by design, and `+incompatible` is
 * build metadata. A pre-release of Go is read as in the Go vulnerability database, `1.21rc2` as
 * `1.21.0-rc.2`.
 * @throws InvalidInput `UNPARSABLE_VERSION`, also for `(devel)`, which does not identify a build
 * @see https://go.dev/ref/mod#versions
 * @see https://go.dev/doc/toolchain#version
 */
export function compareGo(a: string, b: string): number {
  return compareSemver(semverOf(a), semverOf(b));
}

function semverOf(version: string): string {
  const release = toolchainPattern.exec(version)?.[1] ?? version;
  return release.replace(toolchainPreReleasePattern, '$1-$2.$3');
}
