import { InvalidInput, Unavailable } from '@tidewaiter/domain';
import { parseReference, type RegistryConnection } from '@tidewaiter/registry';

import { type ContentStore, openImage } from './content-store.js';
import { dockerCredentials } from './docker-credentials.js';
import type { SourceKind, SourceOptions } from './image-source.js';

/** `docker://NAME`, or a name alone: an image in a registry, read with the credentials that `docker login` has kept. */
export const registry: SourceKind = {
  scheme: 'docker',
  async open(location, options) {
    if (options.isOffline)
      throw new InvalidInput('OFFLINE', `${location} lies in a registry, which --offline forbids to ask`);
    const { host, repository, tag, digest } = parseReference(location.replace(/^\/\//, ''));
    const reference = digest ?? tag ?? 'latest';
    let failure: unknown;
    for (const connection of await connectionsTo(host, options)) {
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

/** The ways to reach a host, the safest first. Plain HTTP is spoken to this machine, and elsewhere only where that was asked for. */
async function connectionsTo(host: string, { isInsecure }: SourceOptions): Promise<RegistryConnection[]> {
  const credentials = await dockerCredentials(host);
  const common = { name: host, ...(credentials && { credentials }), allowPrivate: true };
  const secure = { ...common, url: `https://${host}`, ...(isInsecure && { insecureSkipVerify: true }) };
  const plain = { ...common, url: `http://${host}` };
  if (/^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(:\d+)?$/.test(host)) return [plain, secure];
  return isInsecure ? [secure, plain] : [secure];
}

async function registryStore(
  connection: RegistryConnection,
  repository: string,
  signal: AbortSignal,
): Promise<ContentStore> {
  const [{ RegistryClient }, { Egress }] = await Promise.all([
    import('@tidewaiter/registry'),
    import('@tidewaiter/runtime'),
  ]);
  const egress = new Egress({ allow: [] });
  const client = new RegistryClient(connection, egress);
  return {
    isLocal: false,
    manifest: (reference) => client.manifest(repository, reference, signal),
    blob: (descriptor) => client.blob(repository, descriptor, signal),
    referrers: (digest) => client.referrers(repository, digest, signal),
    close: () => egress.close(),
  };
}

function isUnreachable(error: unknown): boolean {
  return error instanceof Unavailable && /^EGRESS_(UNREACHABLE|UNTRUSTED|TIMEOUT)$/.test(error.code);
}
