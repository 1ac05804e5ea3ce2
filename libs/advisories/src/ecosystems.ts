import type { PackageRecord, PackageType } from '@tidewaiter/domain';
import { type VersionComparer, type VersionScheme, versionSchemes } from '@tidewaiter/versions';

import { hardenedEcosystems, hardenedRepository, hardenedSource } from './hardened-images.js';
import { overrideStream, programEcosystem, programOf, programVersion } from './programs/programs.js';
import {
  readRedHatRelease,
  readSuseRelease,
  readUbuntuRelease,
  redHatStanding,
  type DistributionRelease,
  type Standing,
  ubuntuStanding,
} from './releases.js';
import { amazonRepository, redHatCpes } from './repositories.js';
import type { CpeLookup } from './repository-map.js';
import {
  alpineBranch,
  backportedFrom,
  debianRelease,
  debianReleaseIn,
  isPastDebianFix,
  isProSuite,
  isSameUbuntuLine,
  ubuntuRelease,
  ubuntuReleaseIn,
  withoutBackport,
} from './suites.js';

/** Name under which records may list a package, and the version to compare then. */
export interface AdvisoryName {
  name: string;
  version: string;
  /** Whether only entries that name source packages mean it, where records of both kinds exist. */
  isSource?: boolean;
  /** The same of entries that name binary packages. */
  isBinary?: boolean;
}

/** Release by a version; a backport is evaluated by it whatever the image has enabled. */
export interface NamedRelease {
  release: string;
  isBackport?: true;
}

/** Properties of an OSV ecosystem. @see https://ossf.github.io/osv-schema/#defined-ecosystems */
export interface Ecosystem {
  packageType: PackageType;
  compare: VersionComparer;
  /** Whether it belongs to a distribution, whose records name a release. */
  isDistribution: boolean;
  /**
   * Whether a record may omit the release and then covers all of them. A bare `Alpine` is data of
   * another source.
   */
  isReleaseOptional: boolean;
  /**
   * Whether records list the affected packages of a source package; elsewhere such lists have other
   * purposes.
   */
  listsBinaries: boolean;
  /** Names under which its records may list a package. */
  namesOf: (pkg: PackageRecord) => AdvisoryName[];
  /** Names in the form of `namesOf` under which an entry of a record about this name is found. */
  recordNames: (name: string) => readonly [string, ...string[]];
  /** Parses the text after the name of the ecosystem: `12`, `Pro:22.04:LTS`. */
  readRelease: (text: string) => DistributionRelease;
  /**
   * Repository of the distribution, in the terms of {@link AffectedConditions}, by the id that a
   * package manager recorded for a package of this release; undefined for an unknown id.
   */
  repositoryOf: (id: string, release: string | null) => string | undefined;
  /** Release of a suite of apt or branch of apk; undefined for another id. */
  releaseOf: (id: string) => string | undefined;
  /** Release that a version names: of its own, or of which it is a backport. */
  releaseIn: (version: string) => NamedRelease | undefined;
  /**
   * Whether a version that has the fix of a release is certainly of no other release, of no earlier
   * one if `isLater`.
   */
  excludesOthers: (version: string, fixed: string, isLater: boolean) => boolean;
  /** Whether an image with these repositories gets the packages of a stream beyond its release. */
  offers: (stream: string, ids: readonly string[]) => boolean;
  /** CPEs of repositories by their ids; undefined if none of them is known. */
  cpesOf: (ids: readonly string[], lookup: CpeLookup) => readonly string[] | undefined;
  /** Whether packages of modules name their module, so that one without is of none. */
  namesModules: boolean;
  /** Standing of an entry of a stream, with these fixed versions, for a package of this version. */
  standing: (version: string, stream: string, fixed: readonly string[]) => Standing;
}

const verbatim = (name: string): string => name;
const lowerCase = (name: string): string => name.toLowerCase();
/** @see https://peps.python.org/pep-0503/#normalized-names */
const pep503 = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, '-');
/** `https://github.com/apple/swift-nio.git` and `github.com/apple/swift-nio` are one repository. */
const repository = (name: string): string =>
  name
    .toLowerCase()
    .replace(/^[a-z]{1,10}:\/\//, '')
    .replace(/(?:\.git)?\/?$/, '');

/**
 * Package URLs have the paths of Go's modules in lower case, programs and records as their author
 * wrote them: `github.com/Masterminds/goutils`. Two that differ in case alone may both be there.
 */
function asWrittenAndLower(name: string): [string, ...string[]] {
  const lower = name.toLowerCase();
  return lower === name ? [name] : [name, lower];
}

/**
 * Packages do not name the registry that a record may append to the ecosystem:
 * `Packagist:https://packages.drupal.org/8`.
 */
const noRelease = (): DistributionRelease => ({ release: null });
const wholeRelease = (text: string): DistributionRelease => ({ release: text || null });
const equal = (): Standing => 'equal';
const unknownRepository = (): undefined => undefined;
const namesNone = (): undefined => undefined;
const never = (): boolean => false;

/** Packages of a language: one name, one version, no releases. */
function language(packageType: PackageType, scheme: VersionScheme, normalName = verbatim): Ecosystem {
  return {
    packageType,
    compare: versionSchemes[scheme],
    isDistribution: false,
    isReleaseOptional: true,
    listsBinaries: false,
    namesOf: ({ name, version }) => [{ name: normalName(name), version }],
    recordNames: (name) => [normalName(name)],
    readRelease: noRelease,
    repositoryOf: unknownRepository,
    releaseOf: unknownRepository,
    releaseIn: namesNone,
    excludesOthers: never,
    offers: never,
    cpesOf: unknownRepository,
    namesModules: true,
    standing: equal,
  };
}

type NamesOf = Ecosystem['namesOf'];

const ofSource: NamesOf = ({ source }) => [source];
const ofBinary: NamesOf = ({ name, version }) => [{ name, version }];
/**
 * Names for advisory sources that use either name, the closer one first; no package there has the
 * name of another one's source.
 */
const ofBoth: NamesOf = ({ source, name, version }) => (name === source.name ? [source] : [{ name, version }, source]);

/** Packages of Debian's backports count in the version that they were built from. */
const ofDebianSource: NamesOf = ({ source }) => [{ name: source.name, version: withoutBackport(source.version) }];

/** Names for advisories about binary packages, and for those about source packages. */
const ofBinaryOrSource: NamesOf = ({ source, name, version }) => [
  { name, version },
  { ...source, isSource: true },
];

/** Names for advisories about source packages, and for statements about binary packages. */
const ofSourceOrBinary: NamesOf = ({ source, name, version }) => [{ name, version, isBinary: true }, source];

function namedByDebian(version: string): NamedRelease | undefined {
  const backport = backportedFrom(version);
  if (backport !== undefined) return { release: backport, isBackport: true };
  const release = debianReleaseIn(version);
  return release === undefined ? undefined : { release };
}

function namedByUbuntu(version: string): NamedRelease | undefined {
  const release = ubuntuReleaseIn(version);
  return release === undefined ? undefined : { release };
}

function distribution(
  packageType: 'apk' | 'deb' | 'rpm',
  namesOf: NamesOf,
  more: Partial<Omit<Ecosystem, 'packageType' | 'compare' | 'isDistribution'>> = {},
): Ecosystem {
  return {
    packageType,
    compare: versionSchemes[packageType === 'deb' ? 'dpkg' : packageType],
    isDistribution: true,
    isReleaseOptional: false,
    listsBinaries: false,
    namesOf: (pkg) => (isKernelHeaders(pkg) ? [] : namesOf(pkg)),
    recordNames: (name) => [name],
    readRelease: wholeRelease,
    repositoryOf: unknownRepository,
    releaseOf: unknownRepository,
    releaseIn: namesNone,
    excludesOthers: never,
    offers: never,
    cpesOf: unknownRepository,
    namesModules: true,
    standing: equal,
    ...more,
  };
}

/**
 * Whether a package contains only kernel headers, which the thousands of advisories about the
 * kernel's source do not affect.
 */
function isKernelHeaders({ name, source }: PackageRecord): boolean {
  return name !== source.name && /^(?:linux-(?:libc-dev|headers-.+|kbuild-.+)|kernel-headers)$/.test(name);
}

/** Distributions without releases. */
const rolling = { isReleaseOptional: true, readRelease: noRelease };

/** Programs outside of package managers, and those that their own projects packaged. */
const programs: Ecosystem = {
  ...language('generic', 'program'),
  namesOf: (pkg) => {
    const program = programOf(pkg);
    return program === undefined ? [] : [{ name: program.name, version: programVersion(pkg, program) }];
  },
  readRelease: wholeRelease,
  standing: (_version, stream) => (stream === overrideStream ? 'before' : 'equal'),
};

const [hardenedAlpine, hardenedDebian] = hardenedEcosystems;
/** Packages that Docker builds, each by the name of the binary or the source package. */
const hardened = { repositoryOf: (id: string) => (id === hardenedRepository ? id : undefined) };

/** A new ecosystem is a line here; a distribution also needs one in `distributions.ts`. */
export const ecosystems: ReadonlyMap<string, Ecosystem> = new Map([
  ['AlmaLinux', distribution('rpm', ofBinary)],
  ['Alpaquita', distribution('apk', ofBoth)],
  ['Alpine', distribution('apk', ofBoth, { releaseOf: alpineBranch })],
  ['Amazon Linux', distribution('rpm', ofBinary, { namesOf: ofBinary, repositoryOf: amazonRepository })],
  ['Azure Linux', distribution('rpm', ofBoth)],
  ['BellSoft Hardened Containers', distribution('apk', ofBoth)],
  ['Bitnami', language('bitnami', 'bitnami', lowerCase)],
  ['CRAN', language('cran', 'cran')],
  ['Chainguard', distribution('apk', ofBoth, rolling)],
  ['ConanCenter', language('conan', 'semver')],
  [
    'Debian',
    distribution('deb', ofDebianSource, {
      isReleaseOptional: true,
      releaseOf: debianRelease,
      releaseIn: namedByDebian,
      excludesOthers: (version, fixed, isLater) => isLater && isPastDebianFix(version, fixed),
    }),
  ],
  [hardenedAlpine!, distribution('apk', ofBoth, hardened)],
  [
    hardenedDebian!,
    distribution('deb', ofBoth, {
      ...hardened,
      readRelease: (text) => ({ release: debianRelease(text) ?? (text || null) }),
    }),
  ],
  ['Echo', distribution('deb', ofSource, rolling)],
  ['GitHub Actions', language('githubactions', 'semver', lowerCase)],
  ['Go', { ...language('golang', 'go'), recordNames: asWrittenAndLower }],
  ['Hackage', language('hackage', 'hackage')],
  ['Hex', language('hex', 'hex')],
  ['Julia', language('julia', 'semver')],
  ['Mageia', distribution('rpm', ofBoth)],
  ['Maven', language('maven', 'maven')],
  ['MinimOS', distribution('apk', ofBoth, rolling)],
  ['NuGet', language('nuget', 'nuget', lowerCase)],
  ['Oracle Linux', distribution('rpm', ofBinary, { namesOf: ofBinary, namesModules: false })],
  ['Packagist', language('composer', 'composer', lowerCase)],
  [programEcosystem, programs],
  ['Photon OS', distribution('rpm', ofBoth)],
  ['Pub', language('pub', 'pub')],
  ['PyPI', language('pypi', 'pep440', pep503)],
  [
    'Red Hat',
    distribution('rpm', ofBinaryOrSource, {
      readRelease: readRedHatRelease,
      cpesOf: redHatCpes,
      standing: redHatStanding,
    }),
  ],
  ['Rocky Linux', distribution('rpm', ofBoth)],
  ['RubyGems', language('gem', 'gem')],
  ['SUSE', distribution('rpm', ofSourceOrBinary, { listsBinaries: true, readRelease: readSuseRelease })],
  ['SwiftURL', language('swift', 'semver', repository)],
  [
    'Ubuntu',
    distribution('deb', ofSource, {
      readRelease: readUbuntuRelease,
      standing: ubuntuStanding,
      releaseOf: ubuntuRelease,
      releaseIn: namedByUbuntu,
      excludesOthers: isSameUbuntuLine,
      offers: (stream, ids) => stream === 'Pro' && ids.some(isProSuite),
    }),
  ],
  ['Wolfi', distribution('apk', ofBoth, rolling)],
  ['crates.io', language('cargo', 'semver')],
  ['npm', language('npm', 'npm')],
  ['openEuler', distribution('rpm', ofBoth)],
  ['openSUSE', distribution('rpm', ofSourceOrBinary, { listsBinaries: true })],
]);

/** Whether this is the name of an ecosystem, as in the folders of the OSV bucket. */
export function isEcosystem(name: string): boolean {
  return ecosystems.has(name) || name === hardenedSource;
}

/** Parts of an ecosystem as records write it: `Debian:12`, `Docker Hardened Images:Alpine:3.24`. */
export function splitEcosystem(text: string): { ecosystem: string; release: string } {
  const [first = '', second = '', ...rest] = text.split(':');
  const both = `${first}:${second}`;
  if (ecosystems.has(both)) return { ecosystem: both, release: rest.join(':') };
  return { ecosystem: first, release: text.slice(first.length + 1) };
}

/** Ecosystem of a language's packages, by their type. */
export const languageEcosystems: ReadonlyMap<PackageType, string> = new Map(
  [...ecosystems].flatMap(([name, { packageType, isDistribution }]) =>
    isDistribution || name === programEcosystem ? [] : [[packageType, name]],
  ),
);
