import { type ImagePackage, isDistributionType, type OsRelease } from '@tidewaiter/domain';

import { type AdvisoryKey, releasesOf } from './advisory-key.js';
import { distributionOf } from './distributions.js';
import { ecosystems } from './ecosystems.js';
import { programEcosystem } from './programs/programs.js';

/** Ecosystem and release whose advisories evaluate some packages. */
export type AdvisoryScope = Pick<AdvisoryKey, 'ecosystem' | 'release'>;

/** Scopes of a package that may be of several releases. */
export type AdvisoryScopes = Pick<AdvisoryKey, 'ecosystem' | 'release' | 'otherReleases'>;

/** Package of an image with the scopes whose advisories evaluate it; null without one. */
export interface ScopedPackage extends Pick<ImagePackage, 'type' | 'state' | 'purl'> {
  scope: AdvisoryScopes | null;
}

/** Each scope of some packages, once. */
export function scopesOf(packages: readonly Pick<ScopedPackage, 'scope'>[]): AdvisoryScope[] {
  const scopes = packages.flatMap(({ scope }) =>
    scope ? releasesOf(scope).map((release) => ({ ecosystem: scope.ecosystem, release })) : [],
  );
  return [...new Map(scopes.map((scope) => [scopeName(scope), scope])).values()];
}

/** Reason why the absence of findings proves nothing. */
export interface BlindSpot {
  code:
    | 'OS_UNKNOWN'
    | 'ADVISORIES_MISSING'
    | 'ADVISORIES_STALE'
    | 'EXPLOITATION_STALE'
    | 'END_OF_LIFE_STALE'
    | 'PACKAGES_NOT_EVALUATED';
  path: null;
  message: string;
}

/** `Debian:12`, `npm`. */
export function scopeName({ ecosystem, release }: AdvisoryScope): string {
  return release === null ? ecosystem : `${ecosystem}:${release}`;
}

/** Name of a scope in prose: `Alpine 3.18` of `Alpine:v3.18`. */
function spoken(name: string): string {
  return name.replace(/:(?:v(?=\d))?/, ' ');
}

/** Blind spot of a verdict for a scope, by its name, without advisories. */
export function blindSpotWithout(name: string): BlindSpot {
  return {
    code: 'ADVISORIES_MISSING',
    path: null,
    message: `no vulnerability data for ${spoken(name)}, its packages were not evaluated`,
  };
}

/** Blind spots of a verdict about an image; `covered` are the scopes with advisories. */
export function blindSpots(
  packages: readonly ScopedPackage[],
  os: OsRelease | null,
  covered: readonly AdvisoryScope[],
): BlindSpot[] {
  const present = packages.filter(({ state }) => state === 'present');
  const foreign = new Set(ofOtherDistributions(present, os));
  return [
    ...unknownOs(packages, os),
    ...withoutDistribution([...foreign], os),
    ...missingAdvisories(present, covered),
    ...notEvaluated(present.filter((each) => !foreign.has(each))),
    ...commitsNotEvaluated(present),
  ];
}

/**
 * An image with only programs has no distribution; one without any package cannot be called clean.
 */
function unknownOs(packages: readonly ScopedPackage[], os: OsRelease | null): BlindSpot[] {
  if (os && distributionOf(os)) return [];
  const isOfPrograms = packages.length > 0 && !packages.some(({ type }) => isDistributionType(type));
  if (!os && isOfPrograms) return [];
  const message = os
    ? `no vulnerability data for ${os.name}, its packages were not evaluated`
    : 'distribution not recognized, its packages were not evaluated';
  return [{ code: 'OS_UNKNOWN', path: null, message }];
}

/** Kinds of packages that distributions have advisories for. */
const distributed: ReadonlySet<string> = new Set(
  [...ecosystems.values()].flatMap(({ isDistribution, packageType }) => (isDistribution ? [packageType] : [])),
);

/**
 * Packages of a package manager that the recognized distribution does not use: the name in
 * os-release would otherwise hide the packages of the image.
 */
function ofOtherDistributions(packages: readonly ScopedPackage[], os: OsRelease | null): ScopedPackage[] {
  const own = os && distributionOf(os);
  if (!own) return [];
  const ownType = ecosystems.get(own.ecosystem)?.packageType;
  return packages.filter(({ type, scope }) => scope === null && type !== ownType && distributed.has(type));
}

function withoutDistribution(packages: readonly ScopedPackage[], os: OsRelease | null): BlindSpot[] {
  return [...Map.groupBy(packages, ({ type }) => type)].map(([type, { length }]) => {
    const subject = length === 1 ? `1 ${type} package was` : `${length} ${type} packages were`;
    return { code: 'OS_UNKNOWN', path: null, message: `${subject} not evaluated: ${os?.name} has no such packages` };
  });
}

function missingAdvisories(packages: readonly ScopedPackage[], covered: readonly AdvisoryScope[]): BlindSpot[] {
  const known = new Set(covered.map(scopeName));
  const missing = scopesOf(packages)
    .map(scopeName)
    .filter((name) => !known.has(name))
    .toSorted();
  return [...missing.filter((name) => !isProgram(name)).map(blindSpotWithout), ...programsWithout(missing)];
}

const isProgram = (name: string) => name.startsWith(`${programEcosystem}:`);

/** Programs are few in an image, and their sources need not be loaded: they decide no verdict. */
function programsWithout(missing: readonly string[]): BlindSpot[] {
  const names = missing.filter(isProgram).map((name) => name.slice(programEcosystem.length + 1));
  if (names.length === 0) return [];
  const subject = names.length === 1 ? '1 program was' : `${names.length} programs were`;
  const message = `${subject} not evaluated: no vulnerability data for ${names.join(', ')}`;
  return [{ code: 'PACKAGES_NOT_EVALUATED', path: null, message }];
}

/** Reported because users must not take the absence of findings for a clean image. */
function notEvaluated(packages: readonly ScopedPackage[]): BlindSpot[] {
  const unevaluated = packages.filter(({ scope }) => scope === null);
  return [...Map.groupBy(unevaluated, ({ type }) => type)].map(([type, { length }]) => {
    const subject = length === 1 ? `1 ${type} package was` : `${length} ${type} packages were`;
    const message = `${subject} not evaluated: no advisory source covers ${length === 1 ? 'it' : 'them'}`;
    return { code: 'PACKAGES_NOT_EVALUATED', path: null, message };
  });
}

/** Commit in the qualifier of a purl, where `@` is encoded. */
const ofCommit = /[?&]vcs_url=[^&]{1,2048}%40[0-9a-f]{40}(?:[0-9a-f]{24})?(?:&|$)/;

/**
 * A commit may lack the fix of the version that it calls itself, or have one ahead of it; only the
 * history of the repository knows.
 */
function commitsNotEvaluated(packages: readonly ScopedPackage[]): BlindSpot[] {
  const taken = packages.filter(({ type, scope, purl }) => scope && !isDistributionType(type) && ofCommit.test(purl));
  return [...Map.groupBy(taken, ({ type }) => type)].map(([type, { length }]) => {
    const subject = length === 1 ? `1 ${type} package is` : `${length} ${type} packages are`;
    const compared = length === 1 ? 'its version was' : 'their versions were';
    const message = `${subject} of a Git commit, which was not evaluated: only ${compared} compared`;
    return { code: 'PACKAGES_NOT_EVALUATED', path: null, message };
  });
}
