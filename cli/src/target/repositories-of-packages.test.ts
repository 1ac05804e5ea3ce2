import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { analyzeLayer, inventory } from '@tidewaiter/analyzers';
import { overlay } from '@tidewaiter/oci';
import { tarArchive, type TarEntry } from '@tidewaiter/testkit';

import { evaluatePackages } from './local-advisories.js';

/** The analyzer's fixture, whose packages name a module; without the tag of that they are plain. */
function database(): Buffer {
  const fixture = join(__dirname, '../../../libs/analyzers/src/rpm/fixtures/rpmdb.sqlite.gz');
  const content = gunzipSync(readFileSync(fixture));
  const tag = Buffer.from([0, 0, 0x13, 0xe8]);
  for (let at = content.indexOf(tag); at !== -1; at = content.indexOf(tag, at + 1)) content[at + 3]! += 1;
  return content;
}

const update = (id: string, collection: string, cve: string, build: string) => `<update><id>${id}</id>
  <updated date="2024-05-06 07:08"/><references><reference id="${cve}" type="cve"/></references><pkglist>
  <collection short="${collection}"><package name="fixture-libs" version="1.4" release="${build}" arch="noarch"/></collection>
  </pkglist></update>`;

/** CVEs of an image of Amazon Linux 2 by the advisories of its core and of a topic. */
async function cvesOf(repository: string | undefined): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'updateinfo-'));
  const path = join(folder, 'updateinfo.xml');
  const entries: TarEntry[] = [
    { path: 'etc/os-release', content: 'ID="amzn"\nVERSION_ID="2"\n' },
    { path: 'var/lib/rpm/rpmdb.sqlite', content: database() },
  ];
  if (repository !== undefined) {
    const yumdb = `var/lib/yum/yumdb/f/${'0a'.repeat(20)}-fixture-libs-1.4-3.el9-noarch/from_repo`;
    entries.push({ path: yumdb, content: repository });
  }
  writeFileSync(
    path,
    `<updates>${update('ALAS2-2024-1', 'amazon-linux-2', 'CVE-2024-1001', '4.el9')}
     ${update('ALAS2DOCKER-2024-1', 'amazon-linux-2---docker', 'CVE-2024-1002', '5.el9')}</updates>`,
  );
  async function* blob(): AsyncGenerator<Uint8Array> {
    yield tarArchive(entries);
  }
  try {
    const layer = await analyzeLayer(blob, { mediaType: 'application/vnd.oci.image.layer.v1.tar' });
    const { packages, os } = inventory([layer], overlay([layer.entries]));
    // The fixture's vendor is a third party, whose packages count only with a repository of Amazon.
    const own = packages.map(({ isThirdParty: _, ...each }) => each);
    const { findings } = await evaluatePackages(
      own,
      os,
      [],
      { path, maxAges: { usualMs: Infinity, named: {} } },
      new Date(),
    );
    return findings.map(({ id, match }) => `${id} ${match}`).toSorted();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('evaluatePackages by the repositories of packages', () => {
  it.each([
    ['amzn2-core', ['CVE-2024-1001 affected']],
    ['amzn2extra-docker', ['CVE-2024-1002 affected']],
    ['amzn2extra-nginx1', []],
    [undefined, ['CVE-2024-1001 affected', 'CVE-2024-1002 unknown']],
  ])('evaluates a package of an image from %s', async (repository, expected) => {
    expect(await cvesOf(repository)).toEqual(expected);
  });
});
