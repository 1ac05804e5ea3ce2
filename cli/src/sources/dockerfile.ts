import { basename } from 'node:path';

import type { Lifecycles } from '@tidewaiter/checks';

import type { SourceKind } from './image-source.js';
import { readText } from './text-files.js';

/** `dockerfile:FILE`: what an image is built by. */
export const dockerfile: SourceKind = {
  async open(location) {
    const { baseProducts, builtInLifecycles, checkDockerfile } = await import('@tidewaiter/checks');
    const text = await readText(location);
    const check = (lifecycles: Lifecycles) => checkDockerfile(text, basename(location), new Date(), lifecycles);
    const { warnings } = check(builtInLifecycles);
    return {
      digest: null,
      mediaType: null,
      platform: null,
      configDigest: null,
      config: null,
      layers: [],
      checked: { products: baseProducts, find: (lifecycles) => check(lifecycles).findings },
      warnings,
      close: () => Promise.resolve(),
    };
  },
};
