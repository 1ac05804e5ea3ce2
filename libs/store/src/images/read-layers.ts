/** Versions of the layer reader: another version of either may succeed where this one failed. */
export interface LayerReader {
  analyzersVersion: string;
  /** Names the analyzers and the limits. */
  reader: string;
}

/**
 * SQL condition on a row of `image_layer`: these analyzers (a parameter) have read it from the blob
 * that its image names.
 */
export const isLayerRead = (analyzersVersion: string) => `EXISTS (
  SELECT FROM layer_blob JOIN layer USING (diff_id)
  WHERE (layer_blob.blob_digest, layer_blob.size_bytes, diff_id) = (image_layer.blob_digest, image_layer.size_bytes, image_layer.diff_id)
    AND analyzers_version = ${analyzersVersion})`;
