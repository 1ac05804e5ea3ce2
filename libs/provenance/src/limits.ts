const kib = 1024;
const mib = 1024 * kib;

/**
 * Limits on the signatures and attestations of one image: every account that may push to a
 * repository can add to them.
 */
export const provenanceLimits = {
  /** Manifests read for one digest. */
  maxManifests: 64,
  /** Signatures, envelopes and bundles read for one digest. */
  maxArtifacts: 128,
  /**
   * Size of one artifact: an attestation may contain the whole bill of materials of a large image.
   */
  maxArtifactBytes: 16 * mib,
  /** Size of all artifacts together, which are in memory during verification. */
  maxTotalBytes: 64 * mib,
  /**
   * Signatures of one envelope, and proofs of one bundle of each kind: each costs a verification of
   * all its bytes for each signer.
   */
  maxSignatures: 4,
  /** Values of an envelope or bundle: its payload is one of them, as Base64. */
  maxProofValues: 600_000,
  /** Base64 of a certificate or another annotation. */
  maxAnnotationLength: 64 * kib,
  /** Limit on the characters of a stored fact. */
  maxTextLength: 2 * kib,
} as const;

/** Limits on reading the artifacts of one digest. */
export type ArtifactLimits = Record<'maxManifests' | 'maxArtifacts' | 'maxArtifactBytes' | 'maxTotalBytes', number>;

/**
 * Limits without a configured signer: enough to read the claimed signers, at the cost of a few
 * requests per push.
 */
export const presenceLimits: ArtifactLimits = {
  maxManifests: 8,
  maxArtifacts: 16,
  maxArtifactBytes: mib,
  maxTotalBytes: 4 * mib,
};

/** Limits on the unsigned SBOMs of one image, of which one at a time is in memory. */
export const sbomLimits = {
  maxSboms: 8,
  maxSbomBytes: 16 * mib,
  maxTotalBytes: 32 * mib,
  /** Values and fields of one document: empty objects take twenty times their text. */
  maxValues: 600_000,
  /** Attestation manifests of one image, in at most so many nested indexes. */
  maxManifests: 4,
} as const;
