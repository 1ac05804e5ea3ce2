export { findSecretsInConfig } from './image-config.js';
export { fingerprintKeyOf, maskAccessKey, minKeyCharacters, valueFingerprints } from './mask.js';
export { secretsVersion } from './matcher.js';
export type { SecretSighting } from './matcher.js';
export { mayHoldSecrets } from './paths.js';
export { redactedReason, redactSecrets, secretFingerprint, secretsInText, withMasks } from './redactor.js';
export type { TextSecret } from './redactor.js';
export { findSecrets, SecretSearch } from './secret-search.js';
export type { FileSecrets, SearchedKind } from './secret-search.js';
