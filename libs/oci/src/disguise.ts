import { LimitExceeded, NotFound, TidewaiterError } from '@tidewaiter/domain';

import { classifyManifest } from './classify.js';
import { readImageConfig } from './config.js';
import { detectCompression, unsupportedCompression } from './decompress.js';
import { documentLimits } from './limits.js';
import { parseManifest, type Descriptor, type ImageManifest } from './manifest.js';
import { isLayer } from './media-types.js';
import { blockSize, readHeader } from './tar-header.js';

type BlobOf = (descriptor: Descriptor) => AsyncIterable<Uint8Array>;

/** Repository or layout that has manifests and blobs. */
interface ContentPlace {
  manifest: (reference: string) => Promise<{ bytes: Uint8Array; mediaType: string }>;
  blob: BlobOf;
}

/** Limit on manifests behind one name; an image has some dozens of signatures and statements. */
const maxReferrers = 200;

/**
 * Whether a tag or digest leads to an image that could be run. One may be pushed under the tag of
 * a signature or of a list of referrers, so that only the content decides.
 * @throws what `parseManifest` and the place throw, except for a child of an index that is missing;
 * LimitExceeded `maxIndexDepth`, `maxReferrers`
 */
export async function leadsToImage(
  place: ContentPlace,
  reference: string,
  depth = 1,
  seen: Set<string> = new Set(),
): Promise<boolean> {
  const { bytes, mediaType } = await place.manifest(reference);
  const manifest = parseManifest(bytes, mediaType || undefined);
  if (manifest.kind === 'manifest')
    return classifyManifest(manifest) === 'image' || isDisguisedImage(manifest, place.blob);
  if (depth > documentLimits.maxIndexDepth)
    throw new LimitExceeded('maxIndexDepth', `indexes are nested more than ${documentLimits.maxIndexDepth} deep`);
  for (const { digest } of manifest.manifests) {
    if (seen.has(digest)) continue;
    if (seen.size === maxReferrers)
      throw new LimitExceeded('maxReferrers', `the index holds more than ${maxReferrers} manifests`);
    seen.add(digest);
    if (await leadsToImage(place, digest, depth + 1, seen).catch(isFalseWhenMissing)) return true;
  }
  return false;
}

function isFalseWhenMissing(error: unknown): boolean {
  if (error instanceof NotFound) return false;
  throw error;
}

/**
 * Whether a manifest that calls itself another artifact could be run as an image: its config blob
 * lists diffIDs, and its layers can be unpacked. Docker and CRI-O ignore the media types of layers,
 * and some runtimes that of the config.
 * @param blobOf reads a blob of the manifest's repository
 * @throws whatever `blobOf` throws, except for a missing blob or one that is no config
 */
export async function isDisguisedImage({ config, layers }: ImageManifest, blobOf: BlobOf): Promise<boolean> {
  if (!(await mayHaveDiffIds(config, blobOf))) return false;
  if (layers.some(({ mediaType }) => isLayer(mediaType))) return true;
  // A runtime unpacks all layers or none, so the first one with content decides.
  const first = layers.find(({ size }) => size > 0);
  return first !== undefined && beginsAsLayer(await headOf(first, blobOf));
}

async function mayHaveDiffIds(config: Descriptor, blobOf: BlobOf): Promise<boolean> {
  try {
    const { diffIds } = await readImageConfig(config, blobOf(config));
    return diffIds.length > 0;
  } catch (error) {
    // A blob above the limit may be a config: then the limit is the reason why the push is not
    // evaluated.
    if (error instanceof LimitExceeded) return true;
    if (error instanceof NotFound || (error instanceof TidewaiterError && error.code === 'CONFIG_INVALID'))
      return false;
    throw error;
  }
}

/** First bytes of a blob, as many as a header of a tar has; none of a missing blob. */
async function headOf(layer: Descriptor, blobOf: BlobOf): Promise<Buffer> {
  let head = Buffer.alloc(0);
  try {
    for await (const chunk of blobOf(layer)) {
      head = Buffer.concat([head, chunk.subarray(0, blockSize - head.length)]);
      if (head.length === blockSize) break;
    }
  } catch (error) {
    if (!(error instanceof NotFound)) throw error;
  }
  return head;
}

/** Statements and bills of materials are text; a runtime unpacks a tar, mostly compressed. */
function beginsAsLayer(head: Buffer): boolean {
  if (detectCompression(head) !== 'none' || unsupportedCompression(head) !== undefined) return true;
  return head.length === blockSize && hasTarHeader(head);
}

function hasTarHeader(block: Buffer): boolean {
  try {
    readHeader(block);
    return true;
  } catch {
    return false;
  }
}
