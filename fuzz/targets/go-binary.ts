import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const goBinary: Target = { name: 'go-binary', run: (input) => readFiles(input, 'usr/bin/app') };
