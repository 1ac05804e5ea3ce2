import { isDistributionType } from '@tidewaiter/domain';
import type { StackedEntry, Overlay } from '@tidewaiter/oci';

import { type EvaluatedImage, evaluatedImage } from './evaluated-image.js';
import type { IntegrityLayer } from './integrity-layer.js';

/** Owners of the files of an image according to its package databases, and digests of the files. */
export interface FileOwners {
  /** Name of the package that owns a path; a distribution package takes precedence. */
  ownerOf: (path: string) => string | undefined;
  /** Hex; also for a hard link whose file is only in a lower layer. */
  sha256Of: (found: StackedEntry) => string | undefined;
}

export function fileOwners(layers: readonly IntegrityLayer[], view: Overlay): FileOwners {
  return ownersIn(evaluatedImage(layers, view));
}

/** {@link fileOwners} of an image that is prepared already. */
export function ownersIn({ ownership, tree }: EvaluatedImage): FileOwners {
  return {
    ownerOf(path) {
      const claims = ownership.claims.get(path) ?? [];
      return (claims.find(({ type }) => isDistributionType(type)) ?? claims[0])?.package;
    },
    sha256Of: (found) => tree.digestOf(found, 'sha256'),
  };
}
