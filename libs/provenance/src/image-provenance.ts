import type { Digest, Provenance } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';

import type { Artifact } from './artifact.js';
import { type ArtifactPlace, findArtifacts } from './find-artifacts.js';
import { type ArtifactLimits, provenanceLimits } from './limits.js';
import { type PresentedIdentity, presentedIdentity } from './presented-identity.js';
import type { Trust } from './trust.js';
import { type VerifiedImage, verifyImage } from './verify-image.js';

/** Verified provenance of an image, with warnings about unreadable artifacts. */
export interface ImageProvenance extends VerifiedImage {
  warnings: Warning[];
  /** Claims of the attached artifacts, whether or not their signer is trusted. */
  presented: PresentedIdentity;
}

/**
 * Finds and verifies the artifacts about an image.
 * @param digests of the image and of its indexes: a signature of an index covers its images
 * @param reported artifacts about each digest from its pipeline
 */
export async function imageProvenance(
  place: ArtifactPlace,
  digests: Iterable<Digest>,
  trust: Trust,
  reported: ReadonlyMap<Digest, readonly Artifact[]> = new Map(),
  limits: ArtifactLimits = provenanceLimits,
): Promise<ImageProvenance> {
  const all: Omit<ImageProvenance, 'presented'> = {
    signatures: [],
    attestations: [],
    vex: [],
    sboms: [],
    warnings: [],
  };
  const found = new Map<Digest, Artifact[]>();
  for (const digest of new Set(digests)) {
    const { artifacts, warnings } = await findArtifacts(place, digest, limits);
    found.set(digest, [...artifacts, ...(reported.get(digest) ?? [])]);
    const { signatures, attestations, vex, sboms } = verifyImage(digest, found.get(digest)!, trust);
    all.signatures.push(...signatures);
    all.attestations.push(...attestations);
    all.vex.push(...vex);
    all.sboms.push(...sboms);
    all.warnings.push(...warnings);
  }
  return { ...all, presented: presentedIdentity(found, trust, all.warnings.length === 0) };
}

/** Whether a trusted signer has signed the image or an attestation of it. */
export function isSigned({ signatures, attestations }: Provenance): boolean {
  return [...signatures, ...attestations].some(({ verified }) => verified);
}
