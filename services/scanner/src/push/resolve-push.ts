import { configFindings } from '@tidewaiter/analyzers';
import { checkImageConfig } from '@tidewaiter/checks';
import { type Digest, InvalidInput, type Layer, LimitExceeded, NotFound, type Platform } from '@tidewaiter/domain';
import { redactConfig } from '@tidewaiter/integrity';
import {
  baseBuildTime,
  choosePlatforms,
  classifyManifest,
  documentLimits,
  type ImageIndex,
  imageLayers,
  type ImageManifest,
  isDisguisedImage,
  parseManifest,
  readImageConfig,
  verifyTocAnnotations,
} from '@tidewaiter/oci';
import type { FetchedManifest, RegistryClient } from '@tidewaiter/registry';
import { redactSecrets, valueFingerprints } from '@tidewaiter/secrets';
import type { NewImage, Push } from '@tidewaiter/store';

import type { Analysis } from '../analysis.js';

/** Digest, media type and images of a push, as in the registry. */
export interface ResolvedPush {
  digest: Digest;
  mediaType: string;
  images: NewImage[];
}

/** Error for a name that refers to an artifact other than an image: a signature, a chart. */
export class NotAnImage extends InvalidInput {
  constructor(
    kind: string,
    /** Manifest that the artifact refers to, if any. */
    readonly subject: Digest | null,
  ) {
    super('NOT_AN_IMAGE', `no image but of kind ${kind}, which is not scanned`);
  }
}

const { maxIndexDepth } = documentLimits;
/** Limit on manifests of the wanted platforms in the indexes of one push, each counted once. */
const maxImages = 32;

/** Input for the resolution of a push. */
interface ResolutionContext {
  platforms: readonly Platform[];
  analysis: Analysis;
  /** Manifest that the tag of the push has now, where the registry has sent it. */
  fetched?: FetchedManifest | undefined;
}

/**
 * Reads the pushed content from the registry: one image, or the wanted platforms of an index.
 * Trusts only the repository name of the webhook.
 * @throws InvalidInput `NOT_AN_IMAGE`, `NO_PLATFORM`, `REFERENCE_MISSING`, and everything that the
 * client and the parsers throw
 * @throws LimitExceeded `maxIndexDepth`, `maxImages`, `maxConfigBytes`
 */
export async function resolvePush(
  client: RegistryClient,
  push: Pick<Push, 'repository' | 'tag' | 'claimedDigest' | 'digest' | 'artifact' | 'attachedTo'>,
  { platforms, analysis, fetched: ofTag }: ResolutionContext,
  signal: AbortSignal,
): Promise<ResolvedPush> {
  const { repository, tag, claimedDigest, digest } = push;
  // A retried push keeps its resolved digest, whatever its tag points to now.
  const reference = digest ?? claimedDigest ?? tag;
  if (reference === null) throw new InvalidInput('REFERENCE_MISSING', 'the webhook named neither tag nor digest');
  const fetched = ofTag?.digest === reference ? ofTag : await client.manifest(repository, reference, signal);
  const images = await readImages(
    { client, repository, platforms, analysis, signal, seen: new Set() },
    fetched,
    tag,
    1,
  );
  if (images.length === 0) {
    // The list that replaces the API for referrers, by its tag: the image is verified again.
    if (push.artifact === 'referrers-index') throw new NotAnImage(push.artifact, push.attachedTo);
    throw new InvalidInput('NO_PLATFORM', `the index holds no image for ${platforms.join(' or ')}`);
  }
  return { digest: fetched.digest, mediaType: manifestType(fetched), images };
}

interface Search {
  client: RegistryClient;
  repository: string;
  platforms: readonly Platform[];
  analysis: Analysis;
  signal: AbortSignal;
  /** Manifests of the indexes so far: a hostile index names the same manifest a thousand times. */
  seen: Set<Digest>;
}

/**
 * Reads each image as soon as its index names it, so that at most one manifest of 4 MiB is in
 * memory beside the indexes.
 */
async function readImages(
  search: Search,
  fetched: FetchedManifest,
  tag: string | null,
  depth: number,
): Promise<NewImage[]> {
  const manifest = parseManifest(fetched.bytes, fetched.mediaType || undefined);
  const kind = classifyManifest(manifest, tag ?? undefined);
  if (kind !== 'image' && kind !== 'index' && !(await isDisguised(search, manifest))) {
    if (depth > 1) return [];
    throw new NotAnImage(kind, manifest.subject?.digest ?? null);
  }
  if (manifest.kind === 'manifest') return [await readImage(search, fetched.digest, manifest)];
  if (depth > maxIndexDepth)
    throw new LimitExceeded('maxIndexDepth', `indexes are nested more than ${maxIndexDepth} deep`);
  const images: NewImage[] = [];
  for (const child of choosePlatforms(manifest, [...search.platforms])) {
    if (search.seen.has(child.digest)) continue;
    if (search.seen.size === maxImages)
      throw new LimitExceeded('maxImages', `the index holds more than ${maxImages} manifests to read`);
    search.seen.add(child.digest);
    const childManifest = await search.client.manifest(search.repository, child.digest, search.signal);
    images.push(...(await readImages(search, childManifest, null, depth + 1)));
  }
  return images;
}

async function isDisguised(
  { client, repository, signal }: Search,
  manifest: ImageManifest | ImageIndex,
): Promise<boolean> {
  if (manifest.kind !== 'manifest') return false;
  return isDisguisedImage(manifest, (descriptor) => client.blob(repository, descriptor, signal));
}

/**
 * Reads one image again.
 * @throws as {@link resolvePush}
 */
export async function imageOfDigest(
  client: RegistryClient,
  repository: string,
  digest: Digest,
  analysis: Analysis,
  signal: AbortSignal,
): Promise<NewImage> {
  const { bytes, mediaType } = await client.manifest(repository, digest, signal);
  const manifest = parseManifest(bytes, mediaType || undefined);
  if (manifest.kind !== 'manifest') throw new NotAnImage(manifest.kind, null);
  return readImage({ client, repository, analysis, signal }, digest, manifest);
}

async function readImage(
  { client, repository, analysis, signal }: Pick<Search, 'client' | 'repository' | 'analysis' | 'signal'>,
  digest: Digest,
  manifest: ImageManifest,
): Promise<NewImage> {
  const config = await readImageConfig(manifest.config, client.blob(repository, manifest.config, signal));
  await verifyTocAnnotations(manifest, async (layer, bytes) =>
    client.blobEnd(repository, layer, bytes, signal).catch(nullWhenMissing),
  );
  const { options, configVersion } = analysis;
  return {
    digest,
    mediaType: manifest.mediaType,
    configDigest: manifest.config.digest,
    platform: config.platform,
    createdAt: timeOf(config.created),
    baseCreatedAt: baseBuildTime(config)?.toISOString() ?? null,
    user: config.user ?? '',
    labels: Object.fromEntries(Object.entries(config.labels).map(([name, text]) => [name, redactSecrets(text)])),
    layers: imageLayers(manifest, config).map(redacted),
    config: redactConfig(config, { mask: redactSecrets, fingerprint: valueFingerprints(options.secretKey) }),
    findings: [...configFindings(config, options), ...checkImageConfig(config)],
    configVersion,
  };
}

/** A missing layer is a finding of its image. */
function nullWhenMissing(error: unknown): null {
  if (error instanceof NotFound) return null;
  throw error;
}

/** Many users see build steps, which may hold secrets that were passed to `docker build`. */
function redacted({ createdBy, ...layer }: Layer): Layer {
  return createdBy === undefined ? layer : { ...layer, createdBy: redactSecrets(createdBy) };
}

/**
 * Hostile configs have any text here. Some builders write the year 0001 or 1970 to be reproducible;
 * these stay.
 */
function timeOf(text: string | undefined): string | null {
  if (text === undefined || !/^\d{4}-/.test(text) || Number.isNaN(Date.parse(text))) return null;
  const time = new Date(text).toISOString();
  // PostgreSQL has no year 0, and JavaScript formats the year 10000, which a time zone can make of
  // 9999, in its own way.
  return /^(?!0000)\d{4}-/.test(time) ? time : null;
}

function manifestType({ bytes, mediaType }: FetchedManifest): string {
  return parseManifest(bytes, mediaType || undefined).mediaType;
}
