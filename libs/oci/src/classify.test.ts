import { classifyManifest } from './classify.js';
import type { ImageManifest } from './manifest.js';
import { mediaTypes } from './media-types.js';

const digest = `sha256:${'a'.repeat(64)}`;
const cosign = `sha256-${'b'.repeat(64)}`;
const simpleSigning = 'application/vnd.dev.cosign.simplesigning.v1+json';

interface Shape {
  config?: string;
  layers?: string[];
  artifactType?: string;
  hasSubject?: boolean;
}

function manifestOf({ config = mediaTypes.ociConfig, layers = [], artifactType, hasSubject }: Shape): ImageManifest {
  const descriptor = (mediaType: string) => ({ mediaType, digest, size: 1 });
  return {
    kind: 'manifest',
    mediaType: mediaTypes.ociManifest,
    config: descriptor(config),
    layers: layers.map(descriptor),
    annotations: {},
    ...(artifactType !== undefined && { artifactType }),
    ...(hasSubject && { subject: descriptor(mediaTypes.ociManifest) }),
  };
}

const empty = 'application/vnd.oci.empty.v1+json';

describe('classifyManifest', () => {
  it.each<[string, Shape, string | undefined, string]>([
    ['an image', { layers: [mediaTypes.ociLayerGzip] }, 'latest', 'image'],
    ['a Docker image', { config: mediaTypes.dockerConfig, layers: [mediaTypes.dockerLayerGzip] }, undefined, 'image'],
    ['an image without layers', {}, undefined, 'image'],
    ['an image whose layers have an unknown type', { layers: ['application/x-unknown'] }, undefined, 'image'],
    ['a cosign signature', { layers: [simpleSigning] }, `${cosign}.sig`, 'signature'],
    ['a cosign signature under another tag', { layers: [simpleSigning] }, 'v1', 'signature'],
    [
      'a notation signature',
      { config: empty, artifactType: 'application/vnd.cncf.notary.signature', layers: ['application/jose+json'] },
      undefined,
      'signature',
    ],
    [
      'a sigstore bundle',
      { config: empty, artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json', hasSubject: true },
      undefined,
      'signature',
    ],
    ['a cosign attestation', { layers: ['application/vnd.dsse.envelope.v1+json'] }, `${cosign}.att`, 'attestation'],
    ['a BuildKit attestation', { layers: ['application/vnd.in-toto+json'] }, undefined, 'attestation'],
    ['a cosign SBOM', { layers: ['text/spdx+json'] }, `${cosign}.sbom`, 'sbom'],
    [
      'an attached CycloneDX SBOM',
      { config: empty, layers: ['application/vnd.cyclonedx+json'], hasSubject: true },
      undefined,
      'sbom',
    ],
    [
      'a Helm chart',
      {
        config: 'application/vnd.cncf.helm.config.v1+json',
        layers: ['application/vnd.cncf.helm.chart.content.v1.tar+gzip'],
      },
      '1.0.0',
      'artifact',
    ],
    [
      'a referrer of an unknown type',
      { config: empty, artifactType: 'application/x-notes', hasSubject: true },
      undefined,
      'artifact',
    ],
    // Names must not be enough to hide a runnable image from the scan.
    ['an image under a signature tag', { layers: [mediaTypes.ociLayerGzip] }, `${cosign}.sig`, 'image'],
    ['an image with a subject', { layers: [mediaTypes.ociLayerGzip], hasSubject: true }, undefined, 'image'],
    [
      'an image with an artifact type',
      { layers: [mediaTypes.ociLayerGzip], artifactType: 'application/spdx+json' },
      undefined,
      'image',
    ],
    [
      'an image with one payload between its layers',
      { layers: [simpleSigning, mediaTypes.ociLayerGzip] },
      undefined,
      'image',
    ],
  ])('classifies %s', (_, shape, tag, expected) => {
    expect(classifyManifest(manifestOf(shape), tag)).toBe(expected);
  });

  it('classifies an index', () => {
    const index = { kind: 'index', mediaType: mediaTypes.ociIndex, manifests: [], annotations: {} } as const;
    expect(classifyManifest({ ...index, manifests: [] }, cosign)).toBe('index');
  });
});
