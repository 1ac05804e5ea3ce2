import type { Finding } from '@tidewaiter/domain';

import { isProgramPath } from '../files/file-kinds.js';
import type { EvaluatedImage, IntegrityCheck } from '../image/evaluated-image.js';
import type { Claim } from '../image/ownership.js';
import { integrityFinding } from './integrity-finding.js';

/** A layer that removes more programs than this slims the image and is reported once. */
const maxReported = 20;

interface Missing {
  path: string;
  claim: Claim;
  /** Layer that removed it. */
  layer: number;
}

/** Reports programs and libraries of packages that a layer removed one by one. */
export const missingFiles: IntegrityCheck = function* (image) {
  const all: Missing[] = [];
  for (const [path, claims] of image.ownership.claims) {
    const [claim] = claims;
    if (!claim || !isProgramPath(path) || image.tree.shown.has(path)) continue;
    if (claims.some(({ role }) => role !== undefined)) continue;
    const layer = removingLayer(image, path);
    if (layer !== undefined) all.push({ path, claim, layer });
  }
  for (const [layer, missing] of Map.groupBy(all, (each) => each.layer)) {
    if (missing.length > maxReported) yield slimmed(layer, missing);
    else yield* missing.map((each) => missingFile(image, each));
  }
};

/** Slimming an image removes whole directories, so only files removed by name count. */
function removingLayer({ tree, view }: EvaluatedImage, path: string): number | undefined {
  const last = tree.hidden(path).at(-1);
  const layer = last && view.hiddenBy(path, last.layer);
  return layer !== undefined && tree.isRemoved(path, layer) ? layer : undefined;
}

function missingFile(image: EvaluatedImage, { path, claim, layer }: Missing): Finding {
  return integrityFinding({
    id: 'package-file-missing',
    severity: 'medium',
    title: 'Package program or library deleted without package manager',
    path,
    layer,
    packageName: claim.package,
    installedVersion: image.versionOf(claim),
    evidence: { removedInLayer: layer },
  });
}

function slimmed(layer: number, missing: readonly Missing[]): Finding {
  const paths = missing.map(({ path }) => path).toSorted();
  return integrityFinding({
    id: 'package-files-missing',
    severity: 'low',
    title: 'Many package files deleted without package manager',
    layer,
    evidence: { removedInLayer: layer, files: paths.length, examples: paths.slice(0, maxReported) },
  });
}
