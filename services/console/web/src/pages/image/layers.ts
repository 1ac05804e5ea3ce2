import type { Image, ImageFinding, ImagePackage } from '../../api/types.js';

export interface LayerRow {
  index: number;
  digest: string;
  sizeBytes: number;
  command: string;
  findings: number;
  packages: number;
  isUnread: boolean;
  /** Whether it comes from the base image; false where none is known. */
  isOfBase: boolean;
}

/** Layers of one image with what each brought. */
export function layersOf(
  image: Pick<Image, 'digest' | 'layers' | 'unreadLayers'>,
  findings: readonly Pick<ImageFinding, 'imageDigest' | 'layer' | 'counted'>[],
  packages: readonly Pick<ImagePackage, 'imageDigest' | 'layer'>[],
  baseLayers: number,
): LayerRow[] {
  const ofLayer = countBy(findings.filter(({ imageDigest, counted }) => counted && imageDigest === image.digest));
  const packagesOf = countBy(packages.filter(({ imageDigest }) => imageDigest === image.digest));
  return image.layers.map(({ index, digest, sizeBytes, createdBy }) => ({
    index,
    digest,
    sizeBytes,
    command: commandText(createdBy),
    findings: ofLayer.get(index) ?? 0,
    packages: packagesOf.get(index) ?? 0,
    isUnread: image.unreadLayers.includes(index),
    isOfBase: index < baseLayers,
  }));
}

function countBy(items: readonly { readonly layer: number | null }[]): Map<number | null, number> {
  const counts = new Map<number | null, number>();
  for (const { layer } of items) counts.set(layer, (counts.get(layer) ?? 0) + 1);
  return counts;
}

/** The instruction of a Dockerfile without what the classic builder and BuildKit put around it. */
export function commandText(createdBy: string | null): string {
  if (createdBy === null) return 'not stated';
  return createdBy
    .replace(/^\/bin\/sh -c #\(nop\) {1,4}/, '')
    .replace(/^(?:RUN )?\/bin\/sh -c /, 'RUN ')
    .replace(/ # buildkit$/, '')
    .trim();
}
