import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { mediaTypes, overlay } from '@tidewaiter/oci';
import { describeWith, sharedData } from '@tidewaiter/testkit';

import { analyzeLayer, inventory } from './index.js';

const corpus = sharedData('corpus');

interface Truth {
  os: { id: string; version_id: string };
  packages: { name: string; version: string; arch: string; source: { name: string }; license: string; purl: string }[];
}

describeWith(corpus)('root file systems of Alpine', () => {
  it.each([
    ['alpine-3.10', 'alpine-minirootfs-3.10.9-x86_64'],
    ['alpine-3.18', 'alpine-minirootfs-3.18.9-x86_64'],
    ['alpine-3.20', 'alpine-minirootfs-3.20.3-x86_64'],
  ])('finds in %s exactly the packages that apk lists', async (name, archive) => {
    const truth: Truth = JSON.parse(readFileSync(join(corpus.path, 'truth', `${name}.json`), 'utf8'));
    const open = () => createReadStream(join(corpus.path, 'data/alpine', `${archive}.tar.gz`));
    const layer = await analyzeLayer(open, { mediaType: mediaTypes.ociLayerGzip });
    const { os, packages, warnings } = inventory([layer], overlay([layer.entries]));
    expect(os).toMatchObject({ id: truth.os.id, versionId: truth.os.version_id });
    const found = packages.map(({ purl, arch, source, licenses, state }) => [
      purl,
      arch,
      source.name,
      licenses.join(),
      state,
    ]);
    const expected = truth.packages.map(({ purl, arch, source, license }) => [
      purl,
      arch,
      source.name,
      license,
      'present',
    ]);
    expect(found).toHaveLength(expected.length);
    expect(found).toEqual(expect.arrayContaining(expected));
    expect(warnings).toEqual([]);
  });
});
