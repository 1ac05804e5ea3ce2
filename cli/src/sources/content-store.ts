import { type Digest, InvalidInput, LimitExceeded, NotFound, type Platform, TidewaiterError } from '@tidewaiter/domain';
import {
  attestationsOf,
  choosePlatforms,
  classifyManifest,
  type Descriptor,
  documentLimits,
  type ImageIndex,
  imageLayers,
  type ImageManifest,
  isDisguisedImage,
  leadsToImage,
  parseManifest,
  readImageConfig,
  verifyTocAnnotations,
} from '@tidewaiter/oci';

import type { ImageSource } from './image-source.js';

/** A place that hands out manifests and blobs by digest: a registry, an OCI layout. */
export interface ContentStore {
  /** Whether reading a blob costs next to nothing. */
  isLocal: boolean;
  manifest(reference: string): Promise<{ digest: Digest; mediaType: string; bytes: Buffer }>;
  /** Checked against digest and size when the end is reached. */
  blob(descriptor: Pick<Descriptor, 'digest' | 'size'>): AsyncIterable<Uint8Array>;
  /** Last bytes of a blob, unchecked. */
  blobEnd(descriptor: Pick<Descriptor, 'digest' | 'size'>, bytes: number): Promise<Buffer>;
  /** State of a blob on this machine, which changes whenever it is written. */
  blobState?(digest: Digest): Promise<string>;
  /** The same from where the copies come from, which `blob` may have passed by. */
  original?(descriptor: Pick<Descriptor, 'digest' | 'size'>): AsyncIterable<Uint8Array>;
  /** The manifests whose subject is this one. */
  referrers(digest: Digest): Promise<readonly Descriptor[]>;
  close(): Promise<void>;
}

const { maxIndexDepth } = documentLimits;

/**
 * Finds the image for a platform behind a tag or digest.
 * @throws InvalidInput `NOT_AN_IMAGE`, `NO_PLATFORM`, and everything that the parsers throw
 */
export async function openImage(
  store: ContentStore,
  reference: string,
  wanted: Platform | undefined,
): Promise<ImageSource> {
  const { digest, manifest, within } = await findImage(store, reference, wanted, []);
  const statements = within.flatMap(({ index }) => attestationsOf(index, digest));
  const config = await readImageConfig(manifest.config, store.blob(manifest.config));
  await verifyTocAnnotations(manifest, async (layer, bytes) => store.blobEnd(layer, bytes).catch(nullWhenMissing));
  if (wanted !== undefined && !isPlatform(config.platform, wanted)) {
    throw new InvalidInput('NO_PLATFORM', `the image is for ${config.platform}, not for ${wanted}`);
  }
  return {
    digest,
    mediaType: manifest.mediaType,
    platform: config.platform,
    configDigest: manifest.config.digest,
    config,
    layers: imageLayers(manifest, config).map((layer) => {
      const blob = { digest: layer.digest, size: layer.sizeBytes };
      const open = () => store.blob(blob);
      return {
        ...layer,
        open,
        ...(store.original && { openOriginal: () => store.original!(blob) }),
        ...(store.isLocal && { verify: () => drain(open()) }),
        ...(store.blobState && { state: () => store.blobState!(layer.digest) }),
      };
    }),
    signed: { place: store, digests: [...within.map((each) => each.digest), digest] },
    ...(statements.length > 0 && { buildStatements: statements }),
    warnings: [],
    close: () => store.close(),
  };
}

/**
 * Whether what calls itself a signature, attestation or SBOM may be an image that runs. A scan of
 * what cannot be read names the reason.
 */
export async function mayBeImage(store: Pick<ContentStore, 'manifest' | 'blob'>, reference: string): Promise<boolean> {
  try {
    return await leadsToImage(store, reference);
  } catch (error) {
    if (error instanceof TidewaiterError) return true;
    throw error;
  }
}

/** A missing layer is a finding of its image. */
function nullWhenMissing(error: unknown): null {
  if (error instanceof NotFound) return null;
  throw error;
}

/** An index on the way to an image. */
interface OpenedIndex {
  digest: Digest;
  index: ImageIndex;
}

/** Reads a blob for its check alone. */
async function drain(blob: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of blob) void chunk;
}

async function findImage(
  store: ContentStore,
  reference: string,
  wanted: Platform | undefined,
  within: readonly OpenedIndex[],
): Promise<{ digest: Digest; manifest: ImageManifest; within: readonly OpenedIndex[] }> {
  const { digest, mediaType, bytes } = await store.manifest(reference);
  const manifest = parseManifest(bytes, mediaType || undefined);
  const kind = classifyManifest(manifest);
  if (manifest.kind === 'manifest') {
    const isImage = kind === 'image' || (await isDisguisedImage(manifest, (descriptor) => store.blob(descriptor)));
    if (!isImage) throw new InvalidInput('NOT_AN_IMAGE', `no image but of kind ${kind}`);
    return { digest, manifest, within };
  }
  if (within.length >= maxIndexDepth)
    throw new LimitExceeded('maxIndexDepth', `indexes nested more than ${maxIndexDepth} deep`);
  return findImage(store, choose(manifest, wanted).digest, wanted, [...within, { digest, index: manifest }]);
}

function choose(index: Parameters<typeof choosePlatforms>[0], wanted: Platform | undefined): Descriptor {
  const suitable = choosePlatforms(index, [wanted ?? platformOfThisMachine()]);
  // Runtimes take a child without a platform only where no other is suitable.
  const asked = suitable.find(({ platform }) => platform !== undefined) ?? suitable[0];
  if (asked) return asked;
  const platforms = [...new Set(index.manifests.map(({ platform }) => platform ?? 'unknown/unknown'))];
  const real = platforms.filter((platform) => platform !== 'unknown/unknown');
  const [only] = wanted === undefined && real.length === 1 ? choosePlatforms(index, real) : [];
  if (only) return only;
  const offer = real.length > 0 ? `; there is ${real.slice(0, 20).join(', ')}` : '';
  throw new InvalidInput('NO_PLATFORM', `the index holds no image for ${wanted ?? platformOfThisMachine()}${offer}`);
}

/** `linux/arm64` is also what calls itself `linux/arm64/v8`. */
function isPlatform(platform: Platform, wanted: Platform): boolean {
  return platform === wanted || platform.startsWith(`${wanted}/`) || wanted.startsWith(`${platform}/`);
}

function platformOfThisMachine(): Platform {
  return `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`;
}
