import { compareSemver } from './semver.js';

/**
 * Orders two versions of NuGet packages: semver with a fourth number, `1.0` = `1.0.0.0`, and
 * without case, `1.0.0-RC` = `1.0.0-rc`.
 * @throws InvalidInput `UNPARSABLE_VERSION`
 * @see https://learn.microsoft.com/nuget/concepts/package-versioning
 */
export function compareNuget(a: string, b: string): number {
  return compareSemver(a.toLowerCase(), b.toLowerCase());
}
