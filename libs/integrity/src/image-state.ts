import type { Finding, ImagePackage, OsRelease } from '@tidewaiter/domain';
import type { LayerEntries } from '@tidewaiter/oci';

import type { KeptConfig } from './kept-config.js';
import type { NamedHosts } from './named-hosts.js';

/** A layer as images are compared by it. */
export interface ComparedLayer {
  /** Null of a file tree that is no layer. */
  diffId: string | null;
  /** Null where the image has too many to hold, or an older program kept them. */
  entries: LayerEntries | null;
  /** Absent where nobody looked for them. */
  hosts?: readonly NamedHosts[];
}

/** What two images are compared by. */
export interface ImageState {
  os: OsRelease | null;
  /** When it was built; null where nobody knows. */
  createdAt: Date | null;
  packages: readonly ImagePackage[];
  findings: readonly Finding[];
  /** From the bottom up. */
  layers: readonly ComparedLayer[];
  /** Null where it is not known. */
  config: KeptConfig | null;
  /** Name of the package that owns a path of the image, from the root without leading slash; absent where nobody asked. */
  ownerOf?: (path: string) => string | undefined;
  /** What signatures and attestations say; absent where nobody asked. */
  origin?: ImageOrigin;
}

/** Where an image comes from. Null is what is not known. */
export interface ImageOrigin {
  /** Of the sources. */
  revision: string | null;
  builder: string | null;
  /** Repository of the sources; absent from comparisons that an older version stored. */
  source?: string | null;
  /** Names, sorted. */
  signers: string[];
}
