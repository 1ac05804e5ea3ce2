import type { ImageIndex, ImageManifest } from './manifest.js';
import { isImageConfig } from './media-types.js';

export type ManifestClass = 'image' | 'index' | 'signature' | 'attestation' | 'sbom' | 'artifact';

const cosignTag = /^sha256-[0-9a-f]{64}\.(sig|att|sbom)$/;

/** Media types that no runtime unpacks as a layer, by content. */
const payloads: readonly (readonly [RegExp, ManifestClass])[] = [
  [/^application\/vnd\.dev\.cosign\.simplesigning\.v1\+json$/, 'signature'],
  [/^application\/vnd\.dev\.cosign\.artifact\.sig\.v1\+json$/, 'signature'],
  [/^application\/vnd\.cncf\.notary\.signature$/, 'signature'],
  [/^application\/vnd\.dev\.sigstore\.bundle[.+]/, 'signature'],
  [/^application\/vnd\.in-toto[.+]/, 'attestation'],
  [/^application\/vnd\.dsse\.envelope\.v1\+json$/, 'attestation'],
  [/^application\/vnd\.dev\.cosign\.artifact\.att\.v1\+json$/, 'attestation'],
  [/^application\/vnd\.dev\.cosign\.artifact\.sbom\.v1\+json$/, 'sbom'],
  [/^application\/(vnd\.)?cyclonedx\+(json|xml)$/, 'sbom'],
  [/^(application|text)\/(vnd\.)?spdx(\+json|\+xml)?$/, 'sbom'],
  [/^application\/vnd\.syft\+json$/, 'sbom'],
];

const cosignClasses = new Map<string, ManifestClass>([
  ['sig', 'signature'],
  ['att', 'attestation'],
  ['sbom', 'sbom'],
]);

/**
 * Distinguishes images from other content of a registry. A manifest that a runtime would run is an
 * image under any tag, subject or artifact type: otherwise a name would be enough to evade the
 * scan.
 * @see
 * https://github.com/opencontainers/image-spec/blob/main/manifest.md#guidelines-for-artifact-usage
 */
export function classifyManifest(manifest: ImageManifest | ImageIndex, tag?: string): ManifestClass {
  if (manifest.kind === 'index') return 'index';
  if (isRunnable(manifest)) return 'image';
  const suffix = cosignTag.exec(tag ?? '')?.[1];
  const byTag = suffix === undefined ? undefined : cosignClasses.get(suffix);
  return (
    byTag ?? classOf([manifest.artifactType ?? '', ...manifest.layers.map((layer) => layer.mediaType)]) ?? 'artifact'
  );
}

function isRunnable({ config, layers }: ImageManifest): boolean {
  if (!isImageConfig(config.mediaType)) return false;
  return layers.length === 0 || layers.some((layer) => classOf([layer.mediaType]) === undefined);
}

function classOf(types: readonly string[]): ManifestClass | undefined {
  for (const type of types) {
    for (const [pattern, kind] of payloads) if (pattern.test(type)) return kind;
  }
  return undefined;
}
