import { checkDockerfile } from '@tidewaiter/checks';

import type { Target } from '../target.ts';

export const dockerfile: Target = {
  name: 'dockerfile',
  run: (input) => checkDockerfile(input.toString('utf8'), 'Dockerfile', new Date('2026-11-28T00:00:00Z')),
};
