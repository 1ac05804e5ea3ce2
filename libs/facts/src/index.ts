export type { FileManifest, ImageFacts, KnownFacts, KnownVulnerability, ManifestFile, WorkloadFacts } from './facts.js';
