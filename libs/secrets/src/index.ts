export { findSecretsInConfig, redactSecrets } from './image-config.js';
export type { ConfigSecretSighting, ConfigTexts } from './image-config.js';
export { findSecrets, secretLimits, secretsVersion } from './matcher.js';
export type { SecretSighting } from './matcher.js';
export { mayHoldSecrets } from './paths.js';
export { secretRules } from './rules.js';
export type { SecretRule } from './secret-rule.js';
