import type { Presence } from './image.js';

/**
 * Types of purls; `brew`, `ebuild`, `flatpak`, `nix`, `opkg` and `snap` are in use without being
 * registered yet. @see https://github.com/package-url/purl-spec/blob/main/purl-types-index.json
 */
export const packageTypes = [
  'alpm',
  'apk',
  'bitnami',
  'brew',
  'cargo',
  'composer',
  'conan',
  'conda',
  'cpan',
  'cran',
  'deb',
  'ebuild',
  'flatpak',
  'gem',
  'generic',
  'githubactions',
  'golang',
  'hackage',
  'hex',
  'julia',
  'luarocks',
  'maven',
  'nix',
  'npm',
  'nuget',
  'opkg',
  'otp',
  'pub',
  'pypi',
  'rpm',
  'snap',
  'swift',
] as const;

export type PackageType = (typeof packageTypes)[number];

const distributionTypes = new Set<PackageType>(['alpm', 'apk', 'deb', 'ebuild', 'nix', 'opkg', 'rpm']);

/**
 * Whether packages of this kind come from a distribution, whose database covers the system's
 * directories.
 */
export function isDistributionType(type: PackageType): boolean {
  return distributionTypes.has(type);
}

/**
 * Package as declared by one file of one layer; its distribution is known only for the whole image.
 */
export interface PackageRecord {
  type: PackageType;
  /**
   * Full name as in advisories: `openssl`, `@babel/core`, `org.slf4j:slf4j-api`,
   * `github.com/gorilla/mux`.
   */
  name: string;
  /** Verbatim, epoch included. */
  version: string;
  arch?: string;
  /** Qualifiers of the purl beside architecture and distribution: `{ modularity: 'nodejs:18' }`. */
  qualifiers?: Record<string, string>;
  /**
   * Source package it was built from, which distributions' advisories name. Elsewhere the package
   * itself.
   */
  source: { name: string; version: string };
  /** SPDX expressions or names from the metadata. */
  licenses: string[];
  /** Path of the package database or manifest that declares it, without leading slash. */
  foundIn: string;
  /**
   * Built by a third party, not the distribution: the distribution's advisories for this name are
   * about another package.
   */
  isThirdParty?: true;
  /** Declared by a lock file; the installed package itself was not found. */
  isDeclared?: true;
}

/** Package with its identity in the fleet. */
export interface Package extends PackageRecord {
  /**
   * With distribution and architecture:
   * `pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=amd64&distro=debian-12`.
   */
  purl: string;
}

/** Package of an image, with its layer. */
export interface ImagePackage extends Package {
  /** Index of the layer with this version. */
  layer: number;
  state: Presence;
}

/** Files that a package database lists as owned by one package. */
export interface OwnedFiles {
  type: PackageType;
  /** Name of the package, as in its {@link PackageRecord}. */
  package: string;
  files: OwnedFile[];
  /**
   * Built by a third party, not the distribution: the distribution's advisories do not cover its
   * content.
   */
  isThirdParty?: true;
}

/** Entry of a package database for one file. */
export interface OwnedFile {
  /**
   * From the image's root, without leading slash, as in the database: parent directories may have
   * become links.
   */
  path: string;
  /** Hash of the content: `md5:…`, `sha1:…`, `sha256:…` in hex; absent if the database has none. */
  digest?: string;
  /**
   * Reason why the file may differ or be missing: users edit configuration, slim images drop
   * documentation, ghosts need not exist.
   */
  role?: 'config' | 'documentation' | 'ghost';
  /** Permission bits with setuid, setgid and sticky. */
  mode?: number;
  /** Target of a symbolic link. */
  linkTarget?: string;
  /** In text form: `cap_net_raw=ep`. */
  capabilities?: string;
}
