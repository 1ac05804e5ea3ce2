import type { LayerClaim } from '@tidewaiter/domain';

/** The key of a layer's job: whoever claims the same blob for the same layer waits for one job. */
export function layerKey({ blobDigest, sizeBytes, diffId }: LayerClaim): string {
  return `${blobDigest} ${sizeBytes} ${diffId}`;
}

/** The claim that a job is about. */
export function readLayerKey(key: string): LayerClaim {
  const [blobDigest = '', sizeBytes = '', diffId = ''] = key.split(' ');
  return { blobDigest, sizeBytes: Number(sizeBytes), diffId };
}
