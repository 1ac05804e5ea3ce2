import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const nodeLocks: Target = {
  name: 'node-locks',
  run: (input) =>
    readFiles(input, 'app/package-lock.json', 'app/yarn.lock', 'app/pnpm-lock.yaml', 'app/bun.lock', 'app/bun.lockb'),
};
