import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { type AffectedPackage, type OsvAdvisory, usualEntry } from '@tidewaiter/advisories';
import { AdvisoryFileWriter } from '@tidewaiter/advisory-file';
import { analyzeLayer, inventory } from '@tidewaiter/analyzers';
import { overlay } from '@tidewaiter/oci';
import { tarArchive, type TarEntry } from '@tidewaiter/testkit';

import { evaluatePackages } from './local-advisories.js';

/** `fixture-libs` in version 1.4-3.el9, of no module and no vendor. */
const database = gunzipSync(readFileSync(join(__dirname, '../../../libs/analyzers/src/rpm/fixtures/rpmdb.sqlite.gz')));

const openshift = { repository: 'rhocp-4.16-for-rhel-9-x86_64-rpms', cpe: 'cpe:/a:redhat:openshift:4.16::el9' };

/** Statement of Red Hat: fixed in a version by the packages of a product, or never fixed. */
const entry = (cpe: string, fixed: string | null): AffectedPackage => ({
  ...usualEntry,
  ...{ ecosystem: 'Red Hat', release: '9', name: 'fixture-libs', module: '', unfixed: 'wont-fix' },
  conditions: { cpes: [cpe] },
  status: fixed === null ? 'affected' : 'fixed',
  ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, ...(fixed === null ? [] : [{ fixed }])] }],
});

const advisory = (cve: string, ...affected: AffectedPackage[]): OsvAdvisory => ({
  ...{ id: `REDHAT-${cve}`, vulnerabilityId: cve, aliases: [cve], title: cve, severity: 'high', cvss: null },
  ...{ modified: '2026-01-01T00:00:00Z', published: '2026-01-01T00:00:00Z', withdrawn: null, affected, dropped: [] },
});

const advisories = [
  advisory(
    'CVE-2026-0001',
    entry('cpe:/a:redhat:enterprise_linux:9::appstream', '1.4-5.el9'),
    entry('cpe:/a:redhat:rhel_eus:9.2::appstream', '1.4-3.el9_2.1'),
  ),
  // Fixed in the main release with an older version than that of the image.
  advisory(
    'CVE-2026-0002',
    entry('cpe:/a:redhat:enterprise_linux:9::appstream', '1.4-2.el9'),
    entry('cpe:/a:redhat:rhel_eus:9.2::appstream', null),
  ),
  advisory('CVE-2026-0003', entry(openshift.cpe, '1.5-1.el9')),
];

/** Vulnerabilities of an image with its fix, and the repository that decides. */
async function foundIn(files: TarEntry[], hasMap = true): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'repositories-'));
  const path = join(folder, 'advisories.db');
  const release = { path: 'etc/os-release', content: 'ID="rhel"\nVERSION_ID="9.2"\n' };
  async function* blob(): AsyncGenerator<Uint8Array> {
    yield tarArchive([release, { path: 'var/lib/rpm/rpmdb.sqlite', content: database }, ...files]);
  }
  try {
    {
      using writer = AdvisoryFileWriter.open(path);
      await writer.update(async () => {
        await writer.put(advisories);
        if (hasMap) await writer.putRepositories([{ repository: openshift.repository, cpes: [openshift.cpe] }]);
      });
    }
    const layer = await analyzeLayer(blob, { mediaType: 'application/vnd.oci.image.layer.v1.tar' });
    const { packages, os } = inventory([layer], overlay([layer.entries]));
    // The fixture's vendor is a third party.
    const own = packages.map(({ isThirdParty: _, ...each }) => each);
    const limits = { path, maxAges: { usualMs: Infinity, named: {} } };
    const { findings } = await evaluatePackages(own, os, [], limits, new Date());
    return findings
      .map(({ id, fix, evidence }) => {
        const repositories = (evidence['repositories'] ?? []) as string[];
        return [id.slice(-4), fix.version ?? fix.state, ...repositories].join(' ');
      })
      .toSorted();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const manifest = (...sets: string[]): TarEntry => ({
  path: 'root/buildinfo/content_manifests/shop-1.json',
  content: JSON.stringify({ content_sets: sets }),
});
const configuration = (id: string, enabled: number): TarEntry => ({
  path: 'etc/yum.repos.d/redhat.repo',
  content: `[${id}]\nenabled = ${enabled}\n`,
});
const eus = 'rhel-9-for-x86_64-appstream-eus-rpms__9_DOT_2';
const main = 'rhel-9-for-x86_64-appstream-rpms';

describe('evaluatePackages by the repositories that an image has enabled', () => {
  it.each<[string, TarEntry[], string[]]>([
    ['no repository', [], ['0001 1.4-5.el9']],
    ['the usual repositories', [manifest(main)], ['0001 1.4-5.el9']],
    ['extended support by its build', [manifest(eus)], [`0001 1.4-3.el9_2.1 ${eus}`, `0002 wont-fix ${eus}`]],
    [
      'extended support by its configuration',
      [configuration(eus, 1)],
      [`0001 1.4-3.el9_2.1 ${eus}`, `0002 wont-fix ${eus}`],
    ],
    ['extended support that is disabled', [configuration(eus, 0)], ['0001 1.4-5.el9']],
    [
      'extended support by its label',
      [{ path: 'usr/share/buildinfo/labels.json', content: '{"cpe":"cpe:/a:redhat:rhel_eus:9.2::appstream"}' }],
      [
        '0001 1.4-3.el9_2.1 cpe:/a:redhat:rhel_eus:9.2::appstream',
        '0002 wont-fix cpe:/a:redhat:rhel_eus:9.2::appstream',
      ],
    ],
    [
      'a product whose repository only the map knows',
      [manifest(main, openshift.repository)],
      [`0001 1.4-5.el9 ${main}`, `0003 1.5-1.el9 ${openshift.repository}`],
    ],
    ['a repository of a third party', [configuration('epel', 1)], ['0001 1.4-5.el9']],
  ])('evaluates an image with %s', async (_, files, expected) => {
    expect(await foundIn(files)).toEqual(expected);
  });

  it('knows repositories of the releases alone without the map', async () => {
    expect(await foundIn([manifest(main, openshift.repository)], false)).toEqual([`0001 1.4-5.el9 ${main}`]);
  });
});
