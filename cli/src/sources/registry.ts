import { homedir } from 'node:os';
import { join } from 'node:path';

import { InvalidInput, Unavailable } from '@tidewaiter/domain';
import type { Descriptor } from '@tidewaiter/oci';
import {
  hostCertificates,
  parseReference,
  RegistryClient,
  type RegistryConnection,
  type RegistryMirror,
} from '@tidewaiter/registry';

import { environment } from '../context.js';
import { type ContentStore, mayBeImage, openImage } from './content-store.js';
import { dockerCredentials } from './docker-credentials.js';
import type { SourceKind, SourceOptions } from './image-source.js';
import { isTagOfReferrer } from './layout-store.js';
import { type RegistryLocation, placesOf } from './registries-conf.js';

/**
 * `docker://NAME`, or a name alone: an image in a registry, read with the same settings as this
 * machine's tools: the credentials of `docker login`, the mirrors of `registries.conf` and the
 * certificates of `certs.d`.
 */
export const registry: SourceKind = {
  async open(location, options) {
    if (options.isOffline)
      throw new InvalidInput('OFFLINE', `${location} lies in a registry, which --offline forbids to ask`);
    const { host, repository, tag, digest } = parseReference(location.replace(/^\/\//, ''));
    const reference = digest ?? tag ?? 'latest';
    let failure: unknown;
    for (const connection of await connectionsTo(host, repository, options)) {
      const store = await registryStore(connection, repository, options.signal);
      try {
        return { ...(await openImage(store, reference, options.platform)), name: location.replace(/^\/\//, '') };
      } catch (error) {
        await store.close();
        failure = error;
        if (!isUnreachable(error)) break;
      }
    }
    throw failure;
  },
};

/**
 * Lists the tags of the images of a repository, in the order of the registry. Signatures,
 * attestations and SBOMs are left out.
 * @throws as `RegistryClient.tags`; InvalidInput `OFFLINE`
 */
export async function imageTags(
  location: string,
  options: Pick<SourceOptions, 'isInsecure' | 'isOffline'>,
): Promise<string[]> {
  if (options.isOffline)
    throw new InvalidInput('OFFLINE', `${location} lies in a registry, which --offline forbids to ask`);
  const { host, repository } = parseReference(location.replace(/^\/\//, ''));
  const { Egress } = await import('@tidewaiter/egress');
  let failure: unknown;
  for (const connection of await connectionsTo(host, repository, options)) {
    const egress = new Egress({ allow: [] });
    try {
      return await imageTagsOf(new RegistryClient(connection, egress), repository);
    } catch (error) {
      failure = error;
      if (!isUnreachable(error)) break;
    } finally {
      await egress.close();
    }
  }
  throw failure;
}

async function imageTagsOf(client: RegistryClient, repository: string): Promise<string[]> {
  const place = {
    manifest: (reference: string) => client.manifest(repository, reference),
    blob: (blob: Pick<Descriptor, 'digest' | 'size'>) => client.blob(repository, blob),
  };
  const tags: string[] = [];
  for await (const tag of client.tags(repository)) {
    if (!isTagOfReferrer(tag) || (await mayBeImage(place, tag))) tags.push(tag);
  }
  return tags;
}

/** Connections to an image's registry, the safest first, each with all its mirrors. */
export async function connectionsTo(
  host: string,
  repository: string,
  { isInsecure }: Pick<SourceOptions, 'isInsecure'>,
): Promise<RegistryConnection[]> {
  const { origin, mirrors } = await placesOf(`${host}/${repository}`);
  const ways: RegistryMirror[] = [];
  for (const { gives, ...place } of mirrors) {
    for (const way of await waysTo(place, repository)) ways.push({ ...way, gives });
  }
  const originWays = await waysTo({ ...origin, isInsecure: isInsecure || origin.isInsecure }, repository);
  return originWays.map((way) => ({ ...way, mirrors: ways }));
}

/**
 * Connections to one host. Plain HTTP is used for this machine, and elsewhere only where it was
 * requested.
 */
async function waysTo({ name, isInsecure }: RegistryLocation, repository: string): Promise<RegistryConnection[]> {
  const slash = name.indexOf('/');
  if (slash < 1)
    throw new InvalidInput('REGISTRIES_CONF', `registries.conf makes of ${repository} no repository: ${name}`);
  const host = name.slice(0, slash);
  const credentials = await dockerCredentials(host);
  const certificates = hostCertificates(host, certificateFolders());
  const common = {
    name: host,
    ...(credentials && { credentials }),
    allowPrivate: true,
    rewrite: { prefix: repository, location: name.slice(slash + 1) },
  };
  const secure = {
    ...common,
    ...certificates,
    url: `https://${host}`,
    ...(isInsecure && { insecureSkipVerify: true }),
  };
  const plain = { ...common, url: `http://${host}` };
  // Configured certificates for a host rule out connections without them.
  if (certificates.ca ?? certificates.client) return [secure];
  if (/^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d+)?$/.test(host)) return [plain, secure];
  return isInsecure ? [secure, plain] : [secure];
}

/**
 * Folders in which Podman and Docker store the certificates of registries, the user's own first.
 */
function certificateFolders(): string[] {
  const own = environment['XDG_CONFIG_HOME'] || join(homedir(), '.config');
  return [join(own, 'containers'), '/etc/containers', join(own, 'docker'), '/etc/docker'].map((folder) =>
    join(folder, 'certs.d'),
  );
}

async function registryStore(
  connection: RegistryConnection,
  repository: string,
  signal: AbortSignal,
): Promise<ContentStore> {
  const { Egress } = await import('@tidewaiter/egress');
  const egress = new Egress({ allow: [] });
  const client = new RegistryClient(connection, egress);
  return {
    isLocal: false,
    manifest: (reference) => client.manifest(repository, reference, signal),
    blob: (descriptor) => client.blob(repository, descriptor, signal),
    blobEnd: (descriptor, bytes) => client.blobEnd(repository, descriptor, bytes, signal),
    ...(client.hasMirrors && { original: (descriptor) => client.blobOfOrigin(repository, descriptor, signal) }),
    referrers: (digest) => client.referrers(repository, digest, signal),
    close: () => egress.close(),
  };
}

export function isUnreachable(error: unknown): boolean {
  return error instanceof Unavailable && /^EGRESS_(UNREACHABLE|UNTRUSTED|TIMEOUT)$/.test(error.code);
}
