import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { type AffectedPackage, type OsvAdvisory, readOsvRecord, usualEntry } from '@tidewaiter/advisories';
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

const redHat: TarEntry[] = [
  { path: 'etc/os-release', content: 'ID="rhel"\nVERSION_ID="9.2"\n' },
  { path: 'var/lib/rpm/rpmdb.sqlite', content: database },
];

/** Vulnerabilities of an image with its fix, and the repository that decides. */
async function foundIn(files: TarEntry[], hasMap = true): Promise<string[]> {
  const { findings } = await evaluated([...redHat, ...files], advisories, hasMap);
  return findings
    .map(({ id, fix, evidence }) => {
      const repositories = (evidence['repositories'] ?? []) as string[];
      return [id.slice(-4), fix.version ?? fix.state, ...repositories].join(' ');
    })
    .toSorted();
}

async function evaluated(files: TarEntry[], records: readonly OsvAdvisory[], hasMap = true) {
  const folder = mkdtempSync(join(tmpdir(), 'repositories-'));
  const path = join(folder, 'advisories.db');
  async function* blob(): AsyncGenerator<Uint8Array> {
    yield tarArchive(files);
  }
  try {
    {
      using writer = AdvisoryFileWriter.open(path);
      await writer.update(async () => {
        await writer.put(records);
        if (hasMap) await writer.putRepositories([{ repository: openshift.repository, cpes: [openshift.cpe] }]);
      });
    }
    const layer = await analyzeLayer(blob, { mediaType: 'application/vnd.oci.image.layer.v1.tar' });
    const { packages, os, warnings } = inventory([layer], overlay([layer.entries]));
    // The fixture's vendor is a third party.
    const own = packages.map(({ isThirdParty: _, ...each }) => each);
    const limits = { path, maxAges: { usualMs: Infinity, named: {} } };
    const result = await evaluatePackages(own, os, [], limits, new Date());
    return { findings: result.findings, warnings: [...warnings, ...result.warnings] };
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

/** OSV record about a package with its fix by release; null without one. */
function record(id: string, cve: string, name: string, fixes: Record<string, string | null>): OsvAdvisory {
  return readOsvRecord({
    ...{ id, modified: '2026-01-01T00:00:00Z', upstream: [cve] },
    affected: Object.entries(fixes).map(([ecosystem, fixed]) => ({
      package: { ecosystem, name },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, ...(fixed === null ? [] : [{ fixed }])] }],
    })),
  });
}

type Outcome = Awaited<ReturnType<typeof evaluated>>;
const linesOf = ({ findings }: Outcome) =>
  findings
    .map(({ packageName, id, fix, evidence }) => {
      const beyond = evidence['fixedBeyond'] as string | undefined;
      return [packageName, id.slice(-4), fix.version ?? fix.state, ...(beyond === undefined ? [] : [beyond])].join(' ');
    })
    .toSorted();
const codesOf = ({ warnings }: Outcome) => warnings.map(({ code, message }) => `${code}: ${message}`);

describe('evaluatePackages by the branches of Alpine', () => {
  const image: TarEntry[] = [
    { path: 'etc/os-release', content: 'ID=alpine\nVERSION_ID=3.18.4\n' },
    {
      path: 'lib/apk/db/installed',
      content: 'P:libcrypto3\nV:3.1.2-r0\nA:x86_64\no:openssl\n\nP:curl\nV:8.4.0-r1\nA:x86_64\ns:next\no:curl\n\n',
    },
  ];
  const records = [
    record('ALPINE-CVE-2026-0001', 'CVE-2026-0001', 'openssl', {
      'Alpine:v3.18': '3.1.4-r1',
      'Alpine:v3.19': '3.1.4-r3',
    }),
    record('ALPINE-CVE-2026-0002', 'CVE-2026-0002', 'curl', { 'Alpine:v3.18': '8.5.0-r0', 'Alpine:v3.19': '8.4.0-r1' }),
    record('ALPINE-CVE-2026-0003', 'CVE-2026-0003', 'curl', { 'Alpine:v3.18': '8.4.0-r0', 'Alpine:v3.19': '8.4.0-r2' }),
  ];
  const branches = (...lines: string[]): TarEntry => ({
    path: 'etc/apk/repositories',
    content: lines.map((line) => `${line}/main\n`).join(''),
  });
  const at = (branch: string) => `https://dl-cdn.alpinelinux.org/alpine/${branch}`;
  const own = ['curl 0002 8.5.0-r0', 'libcrypto3 0001 3.1.4-r1'];

  it.each<[string, TarEntry[], string[], string[]]>([
    ['no repositories', [], own, []],
    ['its own branch', [branches(at('v3.18'))], own, []],
    [
      'a later branch',
      [branches(at('v3.19'))],
      ['curl 0002 8.5.0-r0', 'curl 0003 8.4.0-r2', 'libcrypto3 0001 3.1.4-r1'],
      ['RELEASES_MIXED: 2 packages may be of Alpine v3.18 or v3.19: findings of each of them count'],
    ],
    [
      'a later branch for a tag',
      [branches(at('v3.18'), `@next ${at('v3.19')}`)],
      ['curl 0003 8.4.0-r2', 'libcrypto3 0001 3.1.4-r1'],
      [],
    ],
    [
      'two branches',
      [branches(at('v3.19'), at('v3.18'))],
      ['curl 0002 8.5.0-r0', 'curl 0003 8.4.0-r2', 'libcrypto3 0001 3.1.4-r1'],
      ['RELEASES_MIXED: 2 packages may be of Alpine v3.18 or v3.19: findings of each of them count'],
    ],
    [
      'edge in place of its branch',
      [branches(at('edge'))],
      own,
      [
        'RELEASES_MIXED: 2 packages may be of Alpine v3.18 or edge: findings of each of them count',
        'ADVISORIES_MISSING: no vulnerability data for Alpine edge, its packages were not evaluated',
      ],
    ],
    [
      'edge for a tag, which no record is about',
      [branches(at('v3.18'), `@next ${at('edge')}`)],
      ['libcrypto3 0001 3.1.4-r1'],
      ['ADVISORIES_MISSING: no vulnerability data for Alpine edge, its packages were not evaluated'],
    ],
  ])('evaluates an image with %s', async (_, files, findings, warnings) => {
    const outcome = await evaluated([...image, ...files], records);
    expect(linesOf(outcome)).toEqual(findings);
    expect(codesOf(outcome)).toEqual(warnings);
  });
});

describe('evaluatePackages by the suites of Debian', () => {
  const image = (
    version: string,
    release = 'VERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"',
  ): TarEntry[] => [
    { path: 'etc/os-release', content: `ID=debian\n${release}\n` },
    {
      path: 'var/lib/dpkg/status',
      content: `Package: curl\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${version}\n\n`,
    },
  ];
  const records = [
    record('DEBIAN-CVE-2026-0001', 'CVE-2026-0001', 'curl', {
      'Debian:12': null,
      'Debian:13': '8.14.1-2',
      'Debian:14': '8.17.0-1',
    }),
    record('DEBIAN-CVE-2026-0002', 'CVE-2026-0002', 'curl', {
      'Debian:12': '7.88.1-10+deb12u5',
      'Debian:13': '8.14.1-2+deb13u1',
    }),
  ];
  const suites = (text: string): TarEntry => ({ path: 'etc/apt/sources.list', content: text });

  it.each<[string, TarEntry[], string[], string[]]>([
    ['a package of security', image('7.88.1-10+deb12u5'), ['curl 0001 not-fixed'], []],
    ['a package of backports with the fix', image('8.14.1-2~bpo12+1'), ['curl 0002 8.14.1-2+deb13u1'], []],
    [
      'an older package of backports',
      image('8.14.1-1~bpo12+1'),
      ['curl 0001 8.14.1-2', 'curl 0002 8.14.1-2+deb13u1'],
      [],
    ],
    ['testing', image('8.16.0-1', 'PRETTY_NAME="Debian GNU/Linux forky/sid"'), ['curl 0001 8.17.0-1'], []],
    [
      'unstable in place of its own release',
      [...image('8.17.0-1'), suites('deb http://ftp.debian.org/debian sid main\n')],
      [],
      ['RELEASES_MIXED: 1 package may be of Debian 12 or 14: findings of each of them count'],
    ],
    [
      'unstable beside its own release',
      [
        ...image('7.88.1-10'),
        suites('deb http://ftp.debian.org/debian bookworm main\ndeb http://ftp.debian.org/debian sid main\n'),
      ],
      ['curl 0001 8.17.0-1', 'curl 0002 7.88.1-10+deb12u5'],
      ['RELEASES_MIXED: 1 package may be of Debian 12 or 14: findings of each of them count'],
    ],
    [
      'a package of unstable beside its own release',
      [
        ...image('8.16.0-1'),
        suites('deb http://ftp.debian.org/debian bookworm main\ndeb http://ftp.debian.org/debian sid main\n'),
      ],
      ['curl 0001 8.17.0-1'],
      ['RELEASES_MIXED: 1 package may be of Debian 12 or 14: findings of each of them count'],
    ],
  ])('evaluates %s', async (_, files, findings, warnings) => {
    const outcome = await evaluated(files, records);
    expect(linesOf(outcome)).toEqual(findings);
    expect(codesOf(outcome)).toEqual(warnings);
  });
});

describe('evaluatePackages by the sources of Ubuntu Pro', () => {
  // The fixes are those of UBUNTU-CVE-2005-1515.
  const free = '1.06-6.2~deb10u1build0.16.04.1';
  const paid = '1.06-6.2~deb10u1build0.14.04.1+esm1';
  const records = [
    record('UBUNTU-CVE-2005-1515', 'CVE-2005-1515', 'netqmail', {
      'Ubuntu:Pro:14.04:LTS': paid,
      'Ubuntu:16.04:LTS': free,
    }),
  ];
  const image = (version: string, release: string, ...files: TarEntry[]): TarEntry[] => [
    { path: 'etc/os-release', content: `ID=ubuntu\nVERSION_ID="${release}"\n` },
    {
      path: 'var/lib/dpkg/status',
      content: `Package: qmail\nStatus: install ok installed\nArchitecture: amd64\nSource: netqmail\nVersion: ${version}\n\n`,
    },
    ...files,
  ];
  const source = (text: string): TarEntry => ({ path: 'etc/apt/sources.list.d/ubuntu-esm-infra.list', content: text });
  const line = 'deb https://esm.ubuntu.com/infra/ubuntu trusty-infra-security main\n';

  it.each<[string, TarEntry[], string[]]>([
    ['a release with the fix', image('1.06-5', '16.04'), [`qmail 1515 ${free}`]],
    ['a release that only Pro fixes', image('1.06-5', '14.04'), [`qmail 1515 wont-fix Pro ${paid}`]],
    ['one with the sources of Pro', image('1.06-5', '14.04', source(line)), [`qmail 1515 ${paid} Pro ${paid}`]],
    [
      'one with such sources as a comment',
      image('1.06-5', '14.04', source(`# ${line}`)),
      [`qmail 1515 wont-fix Pro ${paid}`],
    ],
    ['a package of Pro', image(paid, '14.04'), []],
    ['an older package of Pro', image('1.06-5+esm1', '14.04'), [`qmail 1515 ${paid}`]],
  ])('evaluates %s', async (_, files, findings) => {
    expect(linesOf(await evaluated(files, records))).toEqual(findings);
  });
});
