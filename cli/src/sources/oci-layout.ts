import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { NotFound } from '@tidewaiter/domain';

import { openImage } from './content-store.js';
import type { SourceKind } from './image-source.js';
import { type LayoutFiles, layoutStore } from './layout-store.js';
import { readChunkBytes, splitLocation } from './location.js';

/** `oci:DIR[:TAG]`, or `@DIGEST` in place of the tag. */
export const ociLayout: SourceKind = {
  async open(location, { platform }) {
    const { path, reference } = await splitLocation(location);
    return openImage(layoutStore(folderFiles(path)), reference, platform);
  },
};

/** Files of a layout in a folder. */
export function folderFiles(folder: string): LayoutFiles {
  const missing = (path: string) => (cause: unknown) => {
    throw new NotFound('TARGET_MISSING', `${join(folder, path)} cannot be read`, { cause });
  };
  // Only regular files: a read from a pipe without a writer or from a device never ends.
  const statOf = async (path: string) => {
    const found = await stat(join(folder, path)).catch(missing(path));
    if (!found.isFile()) throw new NotFound('TARGET_MISSING', `${join(folder, path)} is no file`);
    return found;
  };
  return {
    size: async (path) => (await statOf(path)).size,
    async *read(path) {
      await statOf(path);
      yield* createReadStream(join(folder, path), { highWaterMark: readChunkBytes });
    },
    async state(path) {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(join(folder, path), { bigint: true }).catch(
        missing(path),
      );
      return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
    },
    close: () => Promise.resolve(),
  };
}
