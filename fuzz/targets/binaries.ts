import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const binaries: Target = {
  name: 'binaries',
  run: (input) =>
    readFiles(
      input,
      'usr/sbin/nginx',
      'usr/bin/python3.11',
      'usr/local/bin/node',
      'bin/busybox',
      'usr/local/go/VERSION',
    ),
};
