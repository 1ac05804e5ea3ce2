export { findSecretsInConfig, redactSecrets } from './image-config.js';
export { fingerprintKeyOf, minKeyCharacters, valueFingerprints } from './mask.js';
export { findSecrets, secretsVersion } from './matcher.js';
export type { SecretSighting } from './matcher.js';
export { mayHoldSecrets } from './paths.js';
