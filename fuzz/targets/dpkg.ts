import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const dpkg: Target = {
  name: 'dpkg',
  run: (input) =>
    readFiles(
      input,
      'var/lib/dpkg/status',
      'var/lib/dpkg/status.d/openssl',
      'var/lib/dpkg/info/netbase.md5sums',
      'var/lib/dpkg/info/netbase.list',
    ),
};
