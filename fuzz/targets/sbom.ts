import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

export const sbom: Target = {
  name: 'sbom',
  run: (input) =>
    readFiles(input, 'opt/bitnami/redis/.spdx-redis.spdx', 'var/lib/db/sbom/a.cdx.json', 'var/lib/db/sbom/a.spdx.json'),
};
