import { basename } from 'node:path';

import type { SourceKind } from './image-source.js';
import { readText } from './text-files.js';

/** `dockerfile:FILE`: what an image is built by. */
export const dockerfile: SourceKind = {
  async open(location) {
    const { checkDockerfile } = await import('@tidewaiter/checks');
    const { findings, warnings } = checkDockerfile(await readText(location), basename(location), new Date());
    return {
      digest: null,
      mediaType: null,
      platform: null,
      configDigest: null,
      config: null,
      layers: [],
      checked: findings,
      warnings,
      close: () => Promise.resolve(),
    };
  },
};
