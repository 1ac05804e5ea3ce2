import { LimitExceeded, NotFound, TidewaiterError } from '@tidewaiter/domain';

import { readImageConfig } from './config.js';
import type { Descriptor, ImageManifest } from './manifest.js';
import { isImageConfig, isLayer } from './media-types.js';

/**
 * Whether a manifest whose config has another media type could be run as an image: its layers can
 * be unpacked, and its config blob lists diffIDs. Some runtimes ignore the type of a config.
 * @param blobOf reads a blob of the manifest's repository
 * @throws whatever `blobOf` throws, except for a missing blob or one that is no config
 */
export async function isDisguisedImage(
  { config, layers }: ImageManifest,
  blobOf: (descriptor: Descriptor) => AsyncIterable<Uint8Array>,
): Promise<boolean> {
  if (isImageConfig(config.mediaType) || !layers.some(({ mediaType }) => isLayer(mediaType))) return false;
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
