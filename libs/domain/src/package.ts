import type { Presence } from './image.js';

export type PackageType = 'deb' | 'apk';

/** A package as one file of one layer declares it; which distribution it belongs to is known only for the whole image. */
export interface PackageRecord {
  type: PackageType;
  name: string;
  /** Verbatim, epoch included. */
  version: string;
  arch?: string;
  /** The source package it was built from; advisories of distributions name that one. */
  source: { name: string; version: string };
  licenses: string[];
  /** Path of the package database or manifest that declares it, without leading slash. */
  foundIn: string;
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
