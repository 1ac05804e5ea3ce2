import { createHash } from 'node:crypto';

import type { ImageConfig } from '@tidewaiter/oci';

/** Label of Docker Hardened Images and of images built on them: the chain id of the base. */
const chainLabel = 'com.docker.dhi.chain-id';

/**
 * Number of layers, from the bottom up, that belong to the Docker Hardened Image under an image; 0
 * if none does, or the label names another base.
 * @see https://github.com/opencontainers/image-spec/blob/main/config.md#layer-chainid
 */
export function hardenedLayers({ labels, diffIds }: Pick<ImageConfig, 'labels' | 'diffIds'>): number {
  const wanted = labels[chainLabel];
  if (wanted === undefined) return 0;
  let chain = '';
  for (const [index, diffId] of diffIds.entries()) {
    chain = chain === '' ? diffId : `sha256:${createHash('sha256').update(`${chain} ${diffId}`).digest('hex')}`;
    if (chain === wanted) return index + 1;
  }
  return 0;
}
