/**
 * `sha256:` and 64 lower-case hex digits. @see
 * https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
 */
export type Digest = string;

const digestPattern = /^sha256:[0-9a-f]{64}$/;

export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && digestPattern.test(value);
}

/**
 * Operating system, architecture and variant as OCI writes them: `linux/amd64`, `linux/arm64/v8`.
 */
export type Platform = string;

/** Release of a distribution, from os-release. */
export interface OsRelease {
  /** `ID`: `debian`, `alpine`, `ubuntu`. */
  id: string;
  /** `VERSION_ID`: `12`, `3.20.3`; undefined on rolling releases. */
  versionId?: string;
  /** `PRETTY_NAME`, for display. */
  name: string;
  /** `ID_LIKE`, in order: related distributions. */
  idLike: string[];
}

/** Layer of an image, from manifest, config and our analysis. */
export interface Layer {
  /** Position from the bottom, 0 first. */
  index: number;
  /** Digest of the compressed blob in the registry. */
  digest: Digest;
  /** Digest of the uncompressed tar: the layer's identity in the fleet. */
  diffId: Digest;
  sizeBytes: number;
  mediaType: string;
  /** Build step from the config's history. */
  createdBy?: string;
}

/**
 * Layer as a manifest claims it: a blob of this digest and size that unpacks to this diffID. True
 * once it was read.
 */
export interface LayerClaim {
  blobDigest: Digest;
  sizeBytes: number;
  diffId: Digest;
}

/**
 * Whether something is in the image that runs, or only in a lower layer that a later layer hides.
 */
export const presences = ['present', 'shadowed'] as const;

export type Presence = (typeof presences)[number];
