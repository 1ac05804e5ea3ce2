/**
 * Media types of the documents and blobs of an image. @see
 * https://github.com/opencontainers/image-spec/blob/main/media-types.md
 */
export const mediaTypes = {
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

/** Values of the `Accept` header in requests for a manifest. */
export const manifestMediaTypes: readonly string[] = [
  mediaTypes.ociIndex,
  mediaTypes.dockerManifestList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
];

/** Whether a document of this type lists manifests or layers; undefined for any other type. */
export function manifestKind(mediaType: string): 'index' | 'manifest' | undefined {
  if (mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerManifestList) return 'index';
  if (mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest) return 'manifest';
  return undefined;
}

export function isImageConfig(mediaType: string): boolean {
  return mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
}

/** Whether runtimes unpack a blob of this type into the file system of a container. */
export function isLayer(mediaType: string): boolean {
  return /^application\/vnd\.(?:oci\.image\.layer|docker\.image\.rootfs)\./.test(mediaType);
}

export type Compression = 'none' | 'gzip' | 'zstd';

/** Compression in a layer's media type; undefined if unknown. */
export function announcedCompression(mediaType: string): Compression | undefined {
  if (/[.+]gzip$/.test(mediaType)) return 'gzip';
  if (/[.+]zstd$/.test(mediaType)) return 'zstd';
  if (/\.tar$/.test(mediaType)) return 'none';
  return undefined;
}
