import { archiveFiles } from './archive-files.js';
import { openImage } from './content-store.js';
import type { SourceKind } from './image-source.js';
import { layoutStore } from './layout-store.js';
import { splitLocation } from './location.js';

/** `oci-archive:FILE[:TAG]`: an OCI layout in a tar. */
export const ociArchive: SourceKind = {
  async open(location, { platform }) {
    const { path, reference } = await splitLocation(location);
    return openImage(layoutStore(await archiveFiles(path)), reference, platform);
  },
};
