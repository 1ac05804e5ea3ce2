import type { Digest, Platform } from '@tidewaiter/domain';

import type { Descriptor, ImageIndex } from './manifest.js';

/**
 * Manifests of an index for one of the wanted platforms, in the index's order; empty without any. A
 * child without a platform may run anywhere and is kept; BuildKit's attestations
 * (`unknown/unknown`) are not images.
 * @see
 * https://github.com/opencontainers/image-spec/blob/main/image-index.md#image-index-property-descriptions
 */
export function choosePlatforms(index: ImageIndex, wanted: readonly Platform[]): Descriptor[] {
  const canonical = new Set(wanted.map(canonicalPlatform));
  return index.manifests.filter((child) => {
    if (isAttestation(child)) return false;
    return child.platform === undefined || canonical.has(canonicalPlatform(child.platform));
  });
}

/**
 * Manifests of an index that hold what BuildKit attests of one of its images.
 * @see
 * https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md#attestation-manifest-descriptor
 */
export function attestationsOf(index: ImageIndex, image: Digest): Descriptor[] {
  return index.manifests.filter(
    (child) =>
      isAttestation(child) &&
      child.annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' &&
      child.annotations['vnd.docker.reference.digest'] === image,
  );
}

/**
 * Whether a child of an index describes another child instead of being an image. A child with a
 * platform is an image under any annotations: runtimes check only the platform.
 */
function isAttestation({ annotations, platform }: Descriptor): boolean {
  if (platform !== undefined) return platform === 'unknown/unknown';
  return annotations?.['vnd.docker.reference.type'] === 'attestation-manifest';
}

/** Formats a platform without the default variant of its architecture, as containerd does. */
function canonicalPlatform(platform: Platform): Platform {
  const lower = platform.toLowerCase();
  if (lower.endsWith('/arm64/v8')) return lower.slice(0, -'/v8'.length);
  if (lower.endsWith('/amd64/v1')) return lower.slice(0, -'/v1'.length);
  return lower.endsWith('/arm') ? `${lower}/v7` : lower;
}
