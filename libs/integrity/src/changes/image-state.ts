import type { Finding, ImagePackage, OsRelease } from '@tidewaiter/domain';
import type { LayerEntries } from '@tidewaiter/oci';

import type { NamedHosts } from '../files/named-hosts.js';
import type { StoredConfig } from './stored-config.js';

/** Layer of a compared image. */
export interface ComparedLayer {
  /** Null for a file tree without layers. */
  diffId: string | null;
  /** Null if the image has too many to hold in memory, or an older version stored them. */
  entries: LayerEntries | null;
  /** Absent if hosts were not searched. */
  hosts?: readonly NamedHosts[];
}

/** Comparable properties of an image. */
export interface ImageState {
  os: OsRelease | null;
  /** Build time; null if unknown. */
  createdAt: Date | null;
  packages: readonly ImagePackage[];
  findings: readonly Finding[];
  /** From the bottom up. */
  layers: readonly ComparedLayer[];
  /** Null if unknown. */
  config: StoredConfig | null;
  /**
   * Name of the package that owns a path (from the root, without leading slash); absent if not
   * requested.
   */
  ownerOf?: (path: string) => string | undefined;
  /** Origin according to signatures and attestations; absent if not requested. */
  origin?: ImageOrigin;
}

/** Origin of an image: sources, builder, signers. Null means unknown. */
export interface ImageOrigin {
  /** Commit of the sources. */
  revision: string | null;
  builder: string | null;
  /** Repository of the sources; absent from comparisons that an older version stored. */
  source?: string | null;
  /** Names of the signers, sorted. */
  signers: string[];
}
