import type { Digest } from '@tidewaiter/domain';
import type { Descriptor } from '@tidewaiter/oci';

/** Blob about an image: a signature, an envelope, a bundle, a bill of materials. */
export interface Artifact {
  /** Digest of the manifest that holds it. */
  manifest: Digest;
  mediaType: string;
  /** Annotations of its descriptor, in which cosign stores signature and certificate. */
  annotations: Readonly<Record<string, string>>;
  /** Empty for artifacts that carry no signature. */
  content: Buffer;
}

/** Places of unsigned SBOMs: statements of BuildKit in an index, referrers, a tag of cosign. */
export const sbomSources = ['buildkit', 'referrer', 'tag'] as const;

export type SbomSource = (typeof sbomSources)[number];

/** SBOM without a signature beside an image, which is not read yet. */
export interface UnsignedSbom {
  source: SbomSource;
  /** Manifest that it was found for: the image, or its index. */
  subject: Digest;
  /** Manifest that contains it. */
  artifact: Digest;
  blob: Pick<Descriptor, 'digest' | 'size'>;
  /** Whether it is the predicate of an in-toto statement. */
  isStatement: boolean;
}

const simpleSigning = 'application/vnd.dev.cosign.simplesigning.v1+json';
const envelope = /^application\/vnd\.(dsse\.envelope\.v1|in-toto\.\S{1,64})\+(json|dsse)$/;
const bundle = /^application\/vnd\.dev\.sigstore\.bundle(\.v\d\.\d\+json|\+json;\s?version=\d\.\d)$/;
const billOfMaterials = /^(application|text)\/(vnd\.)?(cyclonedx|spdx|syft)(\+(json|xml))?$/;
/** The media type of the config may stand in for that of the artifact. */
const cosignConfig = /^application\/vnd\.dev\.cosign\.artifact\.(sig|att|sbom)\.v1\+json$/;
/** Types that do not identify an artifact; all clients of OCI 1.0 set them. */
const silent = new Set(['', 'application/vnd.oci.empty.v1+json', 'application/vnd.oci.image.config.v1+json']);

export type ArtifactForm = 'simple-signing' | 'envelope' | 'bundle' | 'sbom';

/** Form of an artifact, by its media type; undefined for other types. */
export function formOf(mediaType: string): ArtifactForm | undefined {
  if (mediaType === simpleSigning) return 'simple-signing';
  if (envelope.test(mediaType) || mediaType === 'application/vnd.in-toto+json') return 'envelope';
  if (bundle.test(mediaType)) return 'bundle';
  return billOfMaterials.test(mediaType) ? 'sbom' : undefined;
}

/** Whether the media type is one of an SBOM in JSON, CycloneDX or SPDX. */
export function isJsonSbom(mediaType: string): boolean {
  return formOf(mediaType) === 'sbom' && mediaType.endsWith('+json') && !mediaType.includes('syft');
}

/** Whether the manifest of a referrer is worth reading. */
export function mayHoldArtifacts({ artifactType = '' }: Descriptor): boolean {
  return silent.has(artifactType) || cosignConfig.test(artifactType) || formOf(artifactType) !== undefined;
}
