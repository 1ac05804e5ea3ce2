import { isDistributionType } from '@tidewaiter/domain';
import type { Found, Overlay } from '@tidewaiter/oci';

import type { IntegrityLayer } from './integrity-layer.js';
import { judgedImage } from './judged-image.js';

/** Owners of the files of an image according to its package databases, and digests of the files. */
export interface FileOwners {
  /** Name of the package that owns a path, one of a distribution before others. */
  ownerOf: (path: string) => string | undefined;
  /** Hex; also for a hard link whose file is only in a lower layer. */
  sha256Of: (found: Found) => string | undefined;
}

export function fileOwners(layers: readonly IntegrityLayer[], view: Overlay): FileOwners {
  const { ownership, tree } = judgedImage(layers, view);
  return {
    ownerOf(path) {
      const claims = ownership.claims.get(path) ?? [];
      return (claims.find(({ type }) => isDistributionType(type)) ?? claims[0])?.package;
    },
    sha256Of: (found) => tree.digestOf(found, 'sha256'),
  };
}
