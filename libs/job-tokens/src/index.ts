export type { CiKind } from './ci/ci-kind.js';
export { ciKind } from './ci/ci-kinds.js';
export { verifiedClaims } from './job-token.js';
export { FetchedKeys, type PublishedKeys } from './published-keys.js';
