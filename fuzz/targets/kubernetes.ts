import { checkKubernetes } from '@tidewaiter/checks';

import type { Target } from '../target.ts';

export const kubernetes: Target = {
  name: 'kubernetes',
  run: (input) => checkKubernetes(input.toString('utf8'), 'deploy.yaml'),
};
