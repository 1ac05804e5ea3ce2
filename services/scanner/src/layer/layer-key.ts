import type { LayerClaim } from '@tidewaiter/domain';
import type { RepositoryPlace } from '@tidewaiter/store';

/** A layer as the images of one repository claim it. */
export interface PlacedLayer {
  claim: LayerClaim;
  place: RepositoryPlace;
}

/**
 * Key of a layer's job. Each repository has a job of its own, because the verdict of an image
 * depends on its own repository alone: errors or delays of another one must not end its pushes.
 */
export function layerKey({ claim, place }: PlacedLayer): string {
  return `${claimKey(claim)} ${place.repository} ${place.connection}`;
}

/** Prefix of the keys of all jobs of one layer. */
export function claimKey({ blobDigest, sizeBytes, diffId }: LayerClaim): string {
  return `${blobDigest} ${sizeBytes} ${diffId}`;
}

/** The layer that a job is about. */
export function readLayerKey(key: string): PlacedLayer {
  const [blobDigest = '', sizeBytes = '', diffId = '', repository = '', ...connection] = key.split(' ');
  const claim = { blobDigest, sizeBytes: Number(sizeBytes), diffId };
  return { claim, place: { repository, connection: connection.join(' ') } };
}
