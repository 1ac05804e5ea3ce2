import { zstdCompressSync } from 'node:zlib';

import { decodeEntries, encodeEntries, entriesVersion } from '@tidewaiter/oci';

import { plainEntries } from '../read-layer.ts';
import type { Target } from '../target.ts';

/** The list of a layer's files as it is kept. The seeds are its one page. */
export const entries: Target = {
  name: 'entries',
  run: (input) => {
    const decoded = decodeEntries(input);
    return [plainEntries(decoded), [...encodeEntries(decoded.pages())].length];
  },
  repair: (input) => {
    const page = zstdCompressSync(input);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(page.length);
    return Buffer.concat([Buffer.of(entriesVersion), length, page]);
  },
};
