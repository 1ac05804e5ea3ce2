import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const osRelease: Target = {
  name: 'os-release',
  run: (input) =>
    readFiles(
      input,
      'etc/os-release',
      'usr/lib/os-release',
      'etc/alpine-release',
      'etc/debian_version',
      'etc/redhat-release',
    ),
};
