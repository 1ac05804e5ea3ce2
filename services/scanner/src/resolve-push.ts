import { type Digest, InvalidInput, LimitExceeded, type Platform } from '@tidewaiter/domain';
import {
  choosePlatforms,
  classifyManifest,
  documentLimits,
  imageLayers,
  type ImageManifest,
  parseImageConfig,
  parseManifest,
} from '@tidewaiter/oci';
import type { FetchedManifest, RegistryClient } from '@tidewaiter/registry';
import type { NewImage, Push } from '@tidewaiter/store';

/** What the registry says a push is. */
export interface ResolvedPush {
  digest: Digest;
  mediaType: string;
  images: NewImage[];
}

/** An index may hold indexes, which hold images; nobody nests deeper. */
const maxIndexDepth = 2;

/**
 * Asks the registry what was pushed: one image, or the wanted platforms of an index. Nothing that the webhook said is taken for
 * true but the name of the repository.
 * @throws InvalidInput `NOT_AN_IMAGE`, `NO_PLATFORM`, `REFERENCE_MISSING`, and everything that the client and the parsers throw
 */
export async function resolvePush(
  client: RegistryClient,
  push: Pick<Push, 'repository' | 'tag' | 'claimedDigest'>,
  platforms: readonly Platform[],
  signal: AbortSignal,
): Promise<ResolvedPush> {
  const { repository, tag, claimedDigest } = push;
  const reference = claimedDigest ?? tag;
  if (reference === null) throw new InvalidInput('REFERENCE_MISSING', 'the webhook named neither tag nor digest');
  const fetched = await client.manifest(repository, reference, signal);
  const manifests = await imageManifests({ client, repository, platforms, signal }, fetched, tag, 1);
  if (manifests.length === 0) {
    throw new InvalidInput('NO_PLATFORM', `the index holds no image for ${platforms.join(' or ')}`);
  }
  const images: NewImage[] = [];
  for (const found of manifests) images.push(await readImage(client, repository, found, signal));
  return { digest: fetched.digest, mediaType: manifestType(fetched), images };
}

interface Search {
  client: RegistryClient;
  repository: string;
  platforms: readonly Platform[];
  signal: AbortSignal;
}

interface FoundImage {
  digest: Digest;
  manifest: ImageManifest;
}

async function imageManifests(
  search: Search,
  fetched: FetchedManifest,
  tag: string | null,
  depth: number,
): Promise<FoundImage[]> {
  const manifest = parseManifest(fetched.bytes, fetched.mediaType || undefined);
  const kind = classifyManifest(manifest, tag ?? undefined);
  if (kind !== 'image' && kind !== 'index') {
    if (depth > 1) return [];
    throw new InvalidInput('NOT_AN_IMAGE', `no image but of kind ${kind}, which is not scanned`);
  }
  if (manifest.kind === 'manifest') return [{ digest: fetched.digest, manifest }];
  if (depth > maxIndexDepth)
    throw new LimitExceeded('maxIndexDepth', `indexes are nested more than ${maxIndexDepth} deep`);
  const found: FoundImage[] = [];
  for (const child of choosePlatforms(manifest, [...search.platforms])) {
    const childManifest = await search.client.manifest(search.repository, child.digest, search.signal);
    found.push(...(await imageManifests(search, childManifest, null, depth + 1)));
  }
  return found;
}

async function readImage(
  client: RegistryClient,
  repository: string,
  found: FoundImage,
  signal: AbortSignal,
): Promise<NewImage> {
  const { digest, manifest } = found;
  const config = parseImageConfig(await readConfigBlob(client, repository, manifest, signal));
  return {
    digest,
    mediaType: manifest.mediaType,
    configDigest: manifest.config.digest,
    platform: config.platform,
    createdAt: timeOf(config.created),
    labels: { ...config.labels },
    layers: imageLayers(manifest, config),
  };
}

/** Hostile configs hold any text here; some builders write the year 0001 or 1970 to be reproducible, which is kept. */
function timeOf(text: string | undefined): string | null {
  if (text === undefined || !/^\d{4}-/.test(text) || Number.isNaN(Date.parse(text))) return null;
  return new Date(text).toISOString();
}

async function readConfigBlob(
  client: RegistryClient,
  repository: string,
  { config }: ImageManifest,
  signal: AbortSignal,
): Promise<Buffer> {
  if (config.size > documentLimits.maxConfigBytes) {
    throw new LimitExceeded('maxConfigBytes', `the image config has ${config.size} bytes`);
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of client.blob(repository, config, signal)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function manifestType({ bytes, mediaType }: FetchedManifest): string {
  return parseManifest(bytes, mediaType || undefined).mediaType;
}
