import { InvalidInput } from '@tidewaiter/domain';

import { AdvisoryFile } from '../advisory-file.js';
import { formatOf, formatVersion } from '../format.js';
import { advanceFile, type HeldArtifact, heldArtifact, replaceFile } from './installed-artifact.js';

/**
 * A local file into which artifacts are taken. A damaged one, or one of an older version, is as if
 * there were none: an artifact replaces it.
 */
export function localFile(path: string) {
  const usable = <T>(read: () => T): T | null => {
    try {
      return formatOf(path) === 'current' ? read() : null;
    } catch (error) {
      if (error instanceof InvalidInput && error.code === 'ADVISORIES_DAMAGED') return null;
      throw error;
    }
  };
  return {
    path,
    format: formatVersion,
    held: (): HeldArtifact | null => usable(() => heldArtifact(path)),
    feeds: () =>
      usable(() => {
        using file = AdvisoryFile.open(path);
        return file.feeds();
      }),
    advance: advanceFile,
    replace: (complete: string) => replaceFile(complete, path),
  };
}
