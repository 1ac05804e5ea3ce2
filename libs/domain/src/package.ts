import type { Presence } from './image.js';

/** Types of purls. @see https://github.com/package-url/purl-spec/blob/main/purl-types-index.json */
export const packageTypes = [
  'apk',
  'bitnami',
  'cargo',
  'composer',
  'conan',
  'conda',
  'cpan',
  'cran',
  'deb',
  'gem',
  'generic',
  'githubactions',
  'golang',
  'hackage',
  'hex',
  'julia',
  'luarocks',
  'maven',
  'npm',
  'nuget',
  'otp',
  'pub',
  'pypi',
  'rpm',
  'swift',
] as const;

export type PackageType = (typeof packageTypes)[number];

const distributionTypes: ReadonlySet<PackageType> = new Set<PackageType>(['apk', 'deb', 'rpm']);

/** Whether packages of this kind come from a distribution, whose database answers for the system's directories. */
export function isDistributionType(type: PackageType): boolean {
  return distributionTypes.has(type);
}

/** A package as one file of one layer declares it; which distribution it belongs to is known only for the whole image. */
export interface PackageRecord {
  type: PackageType;
  /** In full, as advisories write it: `openssl`, `@babel/core`, `org.slf4j:slf4j-api`, `github.com/gorilla/mux`. */
  name: string;
  /** Verbatim, epoch included. */
  version: string;
  arch?: string;
  /** What the purl says beside architecture and distribution: `{ modularity: 'nodejs:18' }`. */
  qualifiers?: Record<string, string>;
  /** The source package it was built from; advisories of distributions name that one. Elsewhere the package itself. */
  source: { name: string; version: string };
  /** SPDX expressions or names, as the metadata has them. */
  licenses: string[];
  /** Path of the package database or manifest that declares it, without leading slash. */
  foundIn: string;
  /** Somebody else than the distribution built it: what advisories of the distribution say under its name is about another package. */
  isThirdParty?: true;
  /** A lock file asks for it; that it is installed was not seen. */
  isDeclared?: true;
}

/** A package with its identity in the fleet. */
export interface Package extends PackageRecord {
  /** With distribution and architecture: `pkg:deb/debian/openssl@3.0.11-1~deb12u2?arch=amd64&distro=debian-12`. */
  purl: string;
}

/** A package of an image, with the layer that brought it. */
export interface ImagePackage extends Package {
  /** Index of the layer that brought this version. */
  layer: number;
  state: Presence;
}

/** Files that one package of a package database says are its own. */
export interface OwnedFiles {
  type: PackageType;
  /** Name of the package, as its {@link PackageRecord} has it. */
  package: string;
  files: OwnedFile[];
  /** Somebody else than the distribution built the package: advisories of the distribution say nothing about what is in it. */
  isThirdParty?: true;
}

/** What a package database says about one file. */
export interface OwnedFile {
  /** From the image's root, without leading slash, as the database writes it: directories on the way may be links by now. */
  path: string;
  /** Of the content: `md5:…`, `sha1:…`, `sha256:…` in hex; absent where the database has none. */
  digest?: string;
  /** Why the file may differ or be missing: people edit configuration, slim images drop documentation, ghosts need not exist. */
  role?: 'config' | 'documentation' | 'ghost';
  /** Permission bits with setuid, setgid and sticky. */
  mode?: number;
  /** Of a symbolic link. */
  linkTarget?: string;
  /** As people write them: `cap_net_raw=ep`. */
  capabilities?: string;
}
