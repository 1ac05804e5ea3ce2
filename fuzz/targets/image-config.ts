import { checkImageConfig } from '@tidewaiter/checks';
import { parseImageConfig } from '@tidewaiter/oci';
import { findSecretsInConfig } from '@tidewaiter/secrets';

import type { Target } from '../target.ts';

const key = Buffer.alloc(32, 1);

/** A config, and all that is evaluated by it. */
export const imageConfig: Target = {
  name: 'image-config',
  run: (input) => {
    const config = parseImageConfig(input);
    return { config, findings: checkImageConfig(config), secrets: findSecretsInConfig(config, key) };
  },
};
