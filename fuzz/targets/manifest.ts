import { choosePlatforms, classifyManifest, parseManifest } from '@tidewaiter/oci';

import type { Target } from '../target.ts';

export const manifest: Target = {
  name: 'manifest',
  run: (input) => {
    const parsed = parseManifest(input);
    const kind = classifyManifest(parsed, 'latest');
    return { parsed, kind, chosen: parsed.kind === 'index' ? choosePlatforms(parsed, ['linux/amd64']) : [] };
  },
};
