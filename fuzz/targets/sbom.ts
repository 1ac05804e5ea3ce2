import { commonSbomDifferences } from '@tidewaiter/analyzers';
import type { ImagePackage } from '@tidewaiter/domain';
import { unsignedSbomFindings } from '@tidewaiter/provenance';

import { readFiles } from '../read-files.ts';
import type { Target } from '../target.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const packages = ['musl', 'zlib'].map((name): ImagePackage => {
  const version = '1.2.5-r0';
  const source = { name, version };
  const purl = `pkg:apk/alpine/${name}@${version}`;
  return {
    type: 'apk',
    name,
    version,
    source,
    licenses: [],
    foundIn: 'lib/apk/db/installed',
    purl,
    layer: 0,
    state: 'present',
  };
});

/** Findings about a document beside the image, as it is or as a statement. */
async function compared(content: Buffer, isStatement: boolean): Promise<unknown> {
  const place = {
    async *blob() {
      yield content;
    },
  };
  const blob = { digest, size: content.length };
  const sbom = { source: 'referrer', subject: digest, artifact: digest, blob, isStatement } as const;
  const image = { repository: 'shop/app', digest };
  return unsignedSbomFindings(place, image, [sbom], (document) => commonSbomDifferences(document, packages));
}

export const sbom: Target = {
  name: 'sbom',
  run: async (input) => [
    readFiles(input, 'opt/bitnami/redis/.spdx-redis.spdx', 'var/lib/db/sbom/a.cdx.json', 'var/lib/db/sbom/a.spdx.json'),
    await compared(input, true),
    await compared(input, false),
  ],
};
