export { attestedSbomFindings } from './attested-sboms.js';
export { signatureFindings, splitAwaited } from './awaited-signature.js';
export { attestationType, readClaimedAttestation } from './claimed-attestation.js';
export type { ClaimedAttestation } from './claimed-attestation.js';
export { buildStatementsWithin, findArtifacts, findBuildStatements } from './find-artifacts.js';
export type { ArtifactPlace, FoundArtifacts } from './find-artifacts.js';
export { sbomSources } from './artifact.js';
export type { Artifact, SbomSource, UnsignedSbom } from './artifact.js';
export { differingTagFinding, movedTagFinding } from './moved-tag-finding.js';
export {
  sbomFinding,
  sbomFindingFingerprint,
  sbomFindingId,
  unsignedSbomFindingId,
  unsignedSbomFingerprint,
} from './sbom-finding.js';
export { unsignedFinding } from './unsigned-finding.js';
export { unsignedSbomFindings } from './unsigned-sbom.js';
export { isPublishedVersion, isVersionTag } from './version-tags.js';
export type { VersionTag, TagHistory } from './version-tags.js';
export type { EarlierContent } from './supply-chain-finding.js';
export { identityFindings } from './identity-findings.js';
export { identityDeviations, minLearnedPushes, usualPushes } from './learned-identity.js';
export type { EarlierIdentity, PushIdentity } from './learned-identity.js';
export { presenceLimits, provenanceLimits } from './limits.js';
export type { PresentedIdentity } from './presented-identity.js';
export { imageProvenance, isSigned } from './image-provenance.js';
export type { ImageProvenance } from './image-provenance.js';
export { readTrust } from './trust.js';
export type { TrustedSigner, Trust } from './trust.js';
export { verifyImage } from './verify-image.js';
export type { AttestedSbom, VerifiedImage } from './verify-image.js';
