import type { AdvisoryPlace, WritableAdvisoryPlace } from '@tidewaiter/advisory-sync';
import { InvalidInput, NotFound } from '@tidewaiter/domain';

/** A place as the command line names it: `oci://REGISTRY/REPOSITORY[:TAG]`, or a folder. */
export interface NamedPlace {
  place: WritableAdvisoryPlace;
  /** Tag or digest. */
  reference: string;
  close(): Promise<void>;
}

const scheme = 'oci://';

export function isRegistryPlace(text: string): boolean {
  return text.startsWith(scheme);
}

/**
 * Opens a place. `from` is the place from which blobs come: those of the same registry are mounted.
 * @throws InvalidInput `REFERENCE_INVALID`, Unavailable
 */
export async function openPlace(
  text: string,
  { isInsecure = false, from }: { isInsecure?: boolean | undefined; from?: string | undefined } = {},
): Promise<NamedPlace> {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) && !isRegistryPlace(text)) {
    throw new InvalidInput('REFERENCE_INVALID', `${text} is neither oci://REGISTRY/REPOSITORY nor a folder`);
  }
  if (!isRegistryPlace(text)) {
    const { layoutPlace } = await import('@tidewaiter/advisory-sync');
    return { place: layoutPlace(text), reference: 'latest', close: async () => undefined };
  }
  const { parseReference } = await import('@tidewaiter/registry');
  const { host, repository, tag = 'latest', digest } = parseReference(text.slice(scheme.length));
  const source = from !== undefined && isRegistryPlace(from) ? parseReference(from.slice(scheme.length)) : undefined;
  const mountable = source?.host === host && source.repository !== repository ? source.repository : undefined;
  const reference = digest ?? tag;
  const { place, close } = await registryPlace({ host, repository, reference, isInsecure, mountable });
  return { place: { ...place, name: text }, reference, close };
}

interface RegistryPlace {
  host: string;
  repository: string;
  reference: string;
  isInsecure: boolean;
  mountable: string | undefined;
}

async function registryPlace({ host, repository, reference, isInsecure, mountable }: RegistryPlace) {
  const [{ RegistryClient }, { Egress }, { connectionsTo, isUnreachable }] = await Promise.all([
    import('@tidewaiter/registry'),
    import('@tidewaiter/egress'),
    import('../sources/registry.js'),
  ]);
  let failure: unknown;
  for (const connection of await connectionsTo(host, repository, { isInsecure })) {
    const egress = new Egress({ allow: [] });
    const client = new RegistryClient(connection, egress);
    try {
      // Finds the connection that works; what is asked for need not be there yet.
      await client.resolve(repository, reference).catch(ignoreMissing);
      const place: Omit<WritableAdvisoryPlace, 'name'> = {
        manifest: (each) => client.manifest(repository, each),
        blob: (descriptor) => client.blob(repository, descriptor),
        referrers: (digest) => client.referrers(repository, digest),
        putBlob: (descriptor, read) => client.putBlob(repository, descriptor, read, { from: mountable }),
        putManifest: (manifest, tag) => client.putManifest(repository, tag ?? manifest.digest, manifest),
      };
      return { place, close: async () => egress.close() };
    } catch (error) {
      await egress.close();
      failure = error;
      if (!isUnreachable(error)) break;
    }
  }
  throw failure;
}

function ignoreMissing(error: unknown): undefined {
  if (!(error instanceof NotFound)) throw error;
}

/** Runs `work` with a place, which is closed afterwards. */
export async function withPlace<T>(
  text: string,
  options: Parameters<typeof openPlace>[1],
  work: (place: NamedPlace) => Promise<T>,
): Promise<T> {
  const opened = await openPlace(text, options);
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

/** Manifest of an artifact, or null where there is none yet. */
export async function manifestOrNull(place: AdvisoryPlace, reference: string) {
  try {
    return await place.manifest(reference);
  } catch (error) {
    if (error instanceof NotFound) return null;
    throw error;
  }
}
