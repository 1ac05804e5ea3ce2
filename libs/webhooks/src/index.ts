export { isBinaryCloudEvent } from './cloud-events.js';
export {
  authorizationEquals,
  field,
  type HookObject,
  type HookRequest,
  isObject,
  parseJson,
  readText,
  readTime,
  secretEquals,
} from './hook-request.js';
export { setupExample } from './registry-kind.js';
export type { EventIdentity, Handshake, RegistryEvent, RegistryKind } from './registry-kind.js';
export { registryKind, registryKindNames, registryKinds } from './registry-kinds.js';
export { registryPage, registryTable } from './registry-pages.js';
export { isSignedBy, readSns, snsCertificateUrl } from './sns.js';
