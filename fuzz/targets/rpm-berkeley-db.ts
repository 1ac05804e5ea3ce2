import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const rpmBerkeleyDb: Target = {
  name: 'rpm-berkeley-db',
  run: (input) => readFiles(input, 'var/lib/rpm/Packages'),
};
