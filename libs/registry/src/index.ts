export { RegistryClient } from './client.js';
export type { FetchedManifest, ResolvedManifest } from './host-client.js';
export type { BlobDescriptor } from './blob.js';
export type { RegistryConnection, RegistryMirror } from './connection.js';
export { hostCertificates } from './certs-d.js';
export { parseReference } from './reference.js';
export type { ImageReference } from './reference.js';
