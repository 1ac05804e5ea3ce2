import { compareApk } from './apk.js';
import { compareBitnami } from './bitnami.js';
import { compareComposer } from './composer.js';
import { compareCran } from './cran.js';
import { compareDpkg } from './dpkg.js';
import { compareGem } from './gem.js';
import { compareGo } from './go.js';
import { compareHackage } from './hackage.js';
import { compareMaven } from './maven.js';
import { compareNuget } from './nuget.js';
import { comparePep440 } from './pep440.js';
import { compareProgram } from './program.js';
import { comparePub } from './pub.js';
import { compareRpm } from './rpm.js';
import { compareSemver } from './semver.js';

/**
 * Orders two versions of one scheme: negative, 0 or positive.
 * @throws InvalidInput `UNPARSABLE_VERSION` when the result would depend on a part that the scheme
 * cannot read.
 */
export type VersionComparer = (a: string, b: string) => number;

export type VersionScheme =
  | 'apk'
  | 'dpkg'
  | 'rpm'
  | 'semver'
  | 'npm'
  | 'pep440'
  | 'maven'
  | 'gem'
  | 'go'
  | 'nuget'
  | 'composer'
  | 'hex'
  | 'cran'
  | 'bitnami'
  | 'program'
  | 'pub'
  | 'hackage';

/** Supported schemes. A new one is a file beside this and a line here. */
export const versionSchemes: Record<VersionScheme, VersionComparer> = {
  apk: compareApk,
  dpkg: compareDpkg,
  rpm: compareRpm,
  semver: compareSemver,
  // npm and Hex have exactly the order of semver; node-semver's loose spellings are among those
  // that we accept.
  npm: compareSemver,
  hex: compareSemver,
  pep440: comparePep440,
  maven: compareMaven,
  gem: compareGem,
  go: compareGo,
  nuget: compareNuget,
  composer: compareComposer,
  cran: compareCran,
  bitnami: compareBitnami,
  program: compareProgram,
  pub: comparePub,
  hackage: compareHackage,
};

const purlTypes: ReadonlyMap<string, VersionScheme> = new Map([
  ['apk', 'apk'],
  ['bitnami', 'bitnami'],
  ['cargo', 'semver'],
  ['composer', 'composer'],
  ['cran', 'cran'],
  ['deb', 'dpkg'],
  ['gem', 'gem'],
  ['generic', 'program'],
  ['golang', 'go'],
  ['hackage', 'hackage'],
  ['hex', 'hex'],
  ['maven', 'maven'],
  ['npm', 'npm'],
  ['nuget', 'nuget'],
  ['pub', 'pub'],
  ['pypi', 'pep440'],
  ['rpm', 'rpm'],
  ['swift', 'semver'],
]);

/** Scheme of a purl type; undefined for an unknown type, or one without an order. */
export function versionSchemeOf(purlType: string): VersionScheme | undefined {
  return purlTypes.get(purlType);
}
