export { findArtifacts } from './find-artifacts.js';
export type { ArtifactPlace, FoundArtifacts } from './find-artifacts.js';
export type { Artifact } from './artifact.js';
export { provenanceLimits } from './limits.js';
export { readTrust } from './trust.js';
export type { SignerSettings, Trust } from './trust.js';
export { verifyImage } from './verify-image.js';
export type { VerifiedImage, VerifiedVex } from './verify-image.js';
