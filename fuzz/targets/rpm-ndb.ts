import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const rpmNdb: Target = { name: 'rpm-ndb', run: (input) => readFiles(input, 'usr/lib/sysimage/rpm/Packages.db') };
