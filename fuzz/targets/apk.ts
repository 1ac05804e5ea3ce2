import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const apk: Target = { name: 'apk', run: (input) => readFiles(input, 'lib/apk/db/installed') };
