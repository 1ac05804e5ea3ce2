export { RegistryClient } from './client.js';
export type { FetchedManifest, ResolvedManifest } from './client.js';
export type { BlobDescriptor } from './blob.js';
export type { RegistryConnection } from './connection.js';
export { parseReference } from './reference.js';
export type { ImageReference } from './reference.js';
