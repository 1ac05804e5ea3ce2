import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const rustBinary: Target = { name: 'rust-binary', run: (input) => readFiles(input, 'usr/bin/app') };
