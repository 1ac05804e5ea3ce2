import type { Digest, Provenance } from '@tidewaiter/domain';
import type { Descriptor, Warning } from '@tidewaiter/oci';

import type { Artifact, UnsignedSbom } from './artifact.js';
import { type ArtifactPlace, findArtifacts, findBuildStatements } from './find-artifacts.js';
import { type ArtifactLimits, provenanceLimits } from './limits.js';
import { type PresentedIdentity, presentedIdentity } from './presented-identity.js';
import type { Trust } from './trust.js';
import { type VerifiedImage, verifyImage } from './verify-image.js';

/** Verified provenance of an image, with warnings about unreadable artifacts. */
export interface ImageProvenance extends VerifiedImage {
  unsignedSboms: UnsignedSbom[];
  warnings: Warning[];
  /** Claims of the attached artifacts, whether or not their signer is trusted. */
  presented: PresentedIdentity;
}

/** Other sources of artifacts than the registry's referrers and tags, and limits. */
export interface ProvenanceSearch {
  /** Artifacts about each digest from its pipeline. */
  reported?: ReadonlyMap<Digest, readonly Artifact[]>;
  /** Manifests of BuildKit's statements about the image; absent for an image without an index. */
  buildStatements?: () => Promise<readonly Descriptor[]>;
  limits?: ArtifactLimits;
}

/**
 * Finds and verifies the artifacts about an image.
 * @param digests of its indexes, from the outside in, and of the image itself, which is last: a
 * signature of an index covers its images
 */
export async function imageProvenance(
  place: ArtifactPlace,
  digests: readonly Digest[],
  trust: Trust,
  { reported = new Map(), buildStatements, limits = provenanceLimits }: ProvenanceSearch = {},
): Promise<ImageProvenance> {
  const all: Omit<ImageProvenance, 'presented'> = {
    signatures: [],
    attestations: [],
    vex: [],
    sboms: [],
    unsignedSboms: [],
    warnings: [],
  };
  const found = new Map<Digest, Artifact[]>();
  for (const digest of new Set(digests)) {
    const { artifacts, sboms, warnings } = await findArtifacts(place, digest, limits);
    found.set(digest, [...artifacts, ...(reported.get(digest) ?? [])]);
    add(all, verifyImage(digest, found.get(digest)!, trust), sboms, warnings);
  }
  // Builders change and drop unsigned statements at will: they are no identity to learn.
  const presented = presentedIdentity(found, trust, all.warnings.length === 0);
  const image = digests.at(-1);
  if (buildStatements && image !== undefined) {
    const isVerified = trust.keys.length + trust.certificates.length > 0;
    const built = await findBuildStatements(place, image, buildStatements, limits, isVerified);
    add(all, verifyImage(image, built.artifacts, trust), [], built.warnings);
    // First: many referrers must not displace the SBOM of the builder.
    all.unsignedSboms.unshift(...built.sboms);
  }
  return { ...all, presented };
}

function add(
  all: Omit<ImageProvenance, 'presented'>,
  { signatures, attestations, vex, sboms }: VerifiedImage,
  unsignedSboms: readonly UnsignedSbom[],
  warnings: readonly Warning[],
): void {
  all.signatures.push(...signatures);
  all.attestations.push(...attestations);
  all.vex.push(...vex);
  all.sboms.push(...sboms);
  all.unsignedSboms.push(...unsignedSboms);
  all.warnings.push(...warnings);
}

/** Whether a trusted signer has signed the image or an attestation of it. */
export function isSigned({ signatures, attestations }: Provenance): boolean {
  return [...signatures, ...attestations].some(({ verified }) => verified);
}
