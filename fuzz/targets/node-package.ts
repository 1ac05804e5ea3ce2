import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const nodePackage: Target = {
  name: 'node-package',
  run: (input) => readFiles(input, 'app/node_modules/lodash/package.json'),
};
