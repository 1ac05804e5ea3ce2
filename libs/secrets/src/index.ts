export { findSecretsInConfig, redactSecrets } from './image-config.js';
export { findSecrets, secretsVersion } from './matcher.js';
export type { SecretSighting } from './matcher.js';
export { mayHoldSecrets } from './paths.js';
