import { indexArchive } from '@tidewaiter/oci';

import { withTarChecksums } from '../tar-checksums.ts';
import type { Target } from '../target.ts';

/** Index by which `docker-archive:` and `oci-archive:` find their files. */
export const archiveIndex: Target = {
  name: 'archive-index',
  run: async (input) => {
    const files = [...(await indexArchive(halves(input)))];
    const outside = files.find(([, { offset, size }]) => offset < 0 || offset + size > input.length);
    if (outside) throw new Error(`${outside[0]} would be read from outside of the archive`);
    return files;
  },
  repair: withTarChecksums,
};

async function* halves(input: Buffer): AsyncGenerator<Buffer> {
  const middle = Math.floor(input.length / 2);
  yield input.subarray(0, middle);
  yield input.subarray(middle);
}
