import type { LayerClaim } from '@tidewaiter/domain';

import type { LayerFailureRow } from './layer-rows.js';

/** Layer with the repository whose images claim it. */
export interface PlacedLayer {
  claim: LayerClaim;
  place: Pick<LayerFailureRow, 'connection' | 'repository'>;
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

/** {@link layerKey} as SQL, of a row of `image_layer` in a repository of a connection. */
export function layerKeySql(layer: string, place: string): string {
  return `concat_ws(' ', ${layer}.blob_digest, ${layer}.size_bytes, ${layer}.diff_id, ${place}.repository, ${place}.connection)`;
}

/** Parses the key of a layer's job. */
export function readLayerKey(key: string): PlacedLayer {
  const [blobDigest = '', sizeBytes = '', diffId = '', repository = '', ...connection] = key.split(' ');
  const claim = { blobDigest, sizeBytes: Number(sizeBytes), diffId };
  return { claim, place: { repository, connection: connection.join(' ') } };
}
