import { createHash } from 'node:crypto';

import { type Digest, type Finding, findingOf, type Provenance } from '@tidewaiter/domain';
import type { Warning } from '@tidewaiter/oci';

import { type ArtifactPlace, findArtifacts } from './find-artifacts.js';
import type { Trust } from './trust.js';
import { type VerifiedImage, verifyImage } from './verify-image.js';

/** What is signed of an image, and what of it could not be read. */
export interface ImageProvenance extends VerifiedImage {
  warnings: Warning[];
}

/**
 * Finds and verifies what was said about an image.
 * @param digests of the image and of the indexes that it was reached by: who signs an index signs what it holds
 */
export async function imageProvenance(
  place: ArtifactPlace,
  digests: Iterable<Digest>,
  trust: Trust,
): Promise<ImageProvenance> {
  const all: ImageProvenance = { signatures: [], attestations: [], vex: [], warnings: [] };
  for (const digest of new Set(digests)) {
    const { artifacts, warnings } = await findArtifacts(place, digest);
    const { signatures, attestations, vex } = verifyImage(digest, artifacts, trust);
    all.signatures.push(...signatures);
    all.attestations.push(...attestations);
    all.vex.push(...vex);
    all.warnings.push(...warnings);
  }
  return all;
}

/** Whether a trusted signer vouches for an image: by a signature, or by stating something of it. */
export function isSigned({ signatures, attestations }: Provenance): boolean {
  return [...signatures, ...attestations].some(({ verified }) => verified);
}

/**
 * The finding about an image that none of those who should has signed.
 * @param isComplete whether everything that is there could be looked at
 */
export function unsignedFinding(provenance: Provenance, signers: readonly string[], isComplete: boolean): Finding[] {
  if (isSigned(provenance)) return [];
  const refused = [...provenance.signatures, ...provenance.attestations].map(({ code }) => code);
  const finding = findingOf({
    kind: 'supply-chain',
    id: 'image-unsigned',
    severity: 'high',
    title: `Not signed by ${signers.length === 1 ? signers[0]! : `any of ${signers.join(', ')}`}`,
    fingerprint: createHash('sha256')
      .update(['image-unsigned', ...signers.toSorted()].join('\n'))
      .digest('hex'),
    layer: null,
    state: 'present',
    confidence: isComplete ? 'certain' : 'possible',
    evidence: { signers: [...signers], found: refused.length, refused: [...new Set(refused)] },
  });
  return [finding];
}
