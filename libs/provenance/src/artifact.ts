import type { Digest } from '@tidewaiter/domain';
import type { Descriptor } from '@tidewaiter/oci';

/** One blob that says something about an image: a signature, an envelope, a bundle, a bill of materials. */
export interface Artifact {
  /** Of the manifest that holds it. */
  manifest: Digest;
  mediaType: string;
  /** Of its descriptor: cosign keeps signature and certificate there. */
  annotations: Readonly<Record<string, string>>;
  /** Empty of what carries no signature. */
  content: Buffer;
}

const simpleSigning = 'application/vnd.dev.cosign.simplesigning.v1+json';
const envelope = /^application\/vnd\.(dsse\.envelope\.v1|in-toto\.\S{1,64})\+(json|dsse)$/;
const bundle = /^application\/vnd\.dev\.sigstore\.bundle(\.v\d\.\d\+json|\+json;\s?version=\d\.\d)$/;
const billOfMaterials = /^(application|text)\/(vnd\.)?(cyclonedx|spdx|syft)(\+(json|xml))?$/;
/** The config of an artifact may stand in for its type. */
const cosignConfig = /^application\/vnd\.dev\.cosign\.artifact\.(sig|att|sbom)\.v1\+json$/;
/** What says nothing of an artifact's type; clients of OCI 1.0 put it there all the same. */
const silent = new Set(['', 'application/vnd.oci.empty.v1+json', 'application/vnd.oci.image.config.v1+json']);

export type ArtifactForm = 'simple-signing' | 'envelope' | 'bundle' | 'sbom';

/** How an artifact is read, by its media type; undefined of what is none of ours. */
export function formOf(mediaType: string): ArtifactForm | undefined {
  if (mediaType === simpleSigning) return 'simple-signing';
  if (envelope.test(mediaType) || mediaType === 'application/vnd.in-toto+json') return 'envelope';
  if (bundle.test(mediaType)) return 'bundle';
  return billOfMaterials.test(mediaType) ? 'sbom' : undefined;
}

/** Whether the manifest behind a referrer is worth reading. */
export function mayHoldArtifacts({ artifactType = '' }: Descriptor): boolean {
  return silent.has(artifactType) || cosignConfig.test(artifactType) || formOf(artifactType) !== undefined;
}
