import { deflateRawSync, inflateRawSync } from 'node:zlib';

import { decodeEntries, encodeEntries } from '@tidewaiter/oci';

import type { Target } from '../target.ts';

/** The list of a layer's files as it is kept. The seeds are what lies inside the compression. */
export const entries: Target = {
  name: 'entries',
  run: (input) => {
    const decoded = decodeEntries(input);
    return [decoded, inflateRawSync(encodeEntries(decoded)).length];
  },
  repair: (input) => deflateRawSync(input, { level: 0 }),
};
