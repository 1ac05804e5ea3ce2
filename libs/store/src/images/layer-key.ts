import type { LayerClaim } from '@tidewaiter/domain';
import type { RepositoryPlace } from '@tidewaiter/store';

/** Layer with the repository whose images claim it. */
export interface PlacedLayer {
  claim: LayerClaim;
  place: RepositoryPlace;
}

/**
 * Key of a layer's job. Each repository has a job of its own, because the verdict of an image
 * depends only on its own repository: errors or delays of another one must not end its pushes.
 */
export function layerKey({ claim, place }: PlacedLayer): string {
  return `${claimKey(claim)} ${place.repository} ${place.connection}`;
}

/** Prefix of the keys of all jobs of one layer. */
export function claimKey({ blobDigest, sizeBytes, diffId }: LayerClaim): string {
  return `${blobDigest} ${sizeBytes} ${diffId}`;
}

/** Parses the key of a layer's job. */
export function readLayerKey(key: string): PlacedLayer {
  const [blobDigest = '', sizeBytes = '', diffId = '', repository = '', ...connection] = key.split(' ');
  const claim = { blobDigest, sizeBytes: Number(sizeBytes), diffId };
  return { claim, place: { repository, connection: connection.join(' ') } };
}
