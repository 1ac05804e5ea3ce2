import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AdvisoryFileWriter } from '@tidewaiter/advisory-file';
import { advisorySources, importFiles } from '@tidewaiter/advisory-sync';
import { type Finding, findingKinds } from '@tidewaiter/domain';
import { buildImage, elfFile, type ImageSpec, type TarEntry } from '@tidewaiter/testkit';

import { scanTarget } from '../target/scan-target.js';

const elf = (text: string) => elfFile([{ name: '.rodata', content: Buffer.from(text, 'latin1') }]);
const md5 = (content: Buffer | string) => createHash('md5').update(content).digest('hex');

const nginx = (version: string) => elf(`\0nginx version: nginx/${version}\0`);
const busybox = elf('\0BusyBox v1.19.3 (2023-11-07 18:53:09 UTC)\0');

const debian12: TarEntry = {
  path: 'etc/os-release',
  content: 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n',
};

/** Database of dpkg with packages of one file each. */
function dpkg(...packages: { name: string; version: string; file: string; content: Buffer; maintainer?: string }[]) {
  const stanzas = packages.map(({ name, version, maintainer = 'Debian <x@lists.debian.org>' }) =>
    [
      `Package: ${name}`,
      'Status: install ok installed',
      'Architecture: amd64',
      `Version: ${version}`,
      `Maintainer: ${maintainer}`,
      '',
    ].join('\n'),
  );
  return [
    { path: 'var/lib/dpkg/status', content: stanzas.join('\n') },
    ...packages.flatMap(({ name, file, content }) => [
      { path: `var/lib/dpkg/info/${name}.md5sums`, content: `${md5(content)}  ${file}\n` },
      { path: `var/lib/dpkg/info/${name}.list`, content: `/${file}\n` },
      { path: file, content, mode: 0o755 },
    ]),
  ];
}

const cve = (id: string, product: string, match: object) => ({
  cve: {
    ...{ id, vulnStatus: 'Analyzed', lastModified: '2026-01-02T03:04:05.000', published: '2026-01-02T03:04:05.000' },
    descriptions: [{ lang: 'en', value: `a hole in ${product}` }],
    metrics: {
      cvssMetricV31: [{ type: 'Primary', cvssData: { vectorString: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' } }],
    },
    configurations: [{ nodes: [{ operator: 'OR', cpeMatch: [{ vulnerable: true, ...match }] }] }],
  },
});
const ranged = (id: string, product: string, versionEndExcluding: string) =>
  cve(id, product, { criteria: `cpe:2.3:a:${product}:*:*:*:*:*:*:*:*`, versionEndExcluding });
const listed = (id: string, product: string, version: string) =>
  cve(id, product, { criteria: `cpe:2.3:a:${product}:${version}:*:*:*:*:*:*:*` });

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidewaiter-programs-'));
  mkdirSync(join(folder, 'feed'));
  const vulnerabilities = [
    ranged('CVE-2026-0001', 'f5:nginx', '1.25.4'),
    listed('CVE-2026-0002', 'nginx:nginx', '1.20.0'),
    ranged('CVE-2026-0003', 'busybox:busybox', '1.37.0'),
    ranged('CVE-2026-0004', 'redis:redis', '99'),
    ranged('CVE-2026-0005', 'postgresql:postgresql', '16.2'),
  ];
  const page = { format: 'NVD_CVE', version: '2.0', vulnerabilities };
  writeFileSync(join(folder, 'feed/page.json'), JSON.stringify(page));
  using keeper = AdvisoryFileWriter.open(join(folder, 'advisories.db'));
  const nothing = () => undefined;
  const listener = { downloading: nothing, reading: nothing, rejected: nothing, keptDeleted: nothing, done: nothing };
  const failed = (name: string, error: unknown) => {
    throw new Error(name, { cause: error });
  };
  await importFiles(await advisorySources(join(folder, 'feed')), {
    ...{ keeper, acceptsRemovals: false, listener: { ...listener, failed } },
  });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function scan(entries: readonly TarEntry[], failOn?: 'critical') {
  const dir = mkdtempSync(join(folder, 'layout-'));
  const spec: ImageSpec = { layers: [[...entries]] };
  await buildImage(dir, { ...spec, tag: '1' });
  const { report } = await scanTarget(
    `oci:${dir}:1`,
    { quiet: true, cacheDir: folder, timeout: 60_000 },
    {
      ...{ kinds: new Set(findingKinds), failOn, onIncomplete: 'warn', isOnlyFixed: false, isOnlyReachable: false },
      advisories: { path: join(folder, 'advisories.db'), maxAges: { usualMs: Number.POSITIVE_INFINITY, named: {} } },
      ...{ objections: { statements: [], exceptions: [] }, policies: [], documents: [] },
    },
  );
  return report;
}

const vulnerabilities = (findings: readonly Finding[]) =>
  findings
    .filter(({ kind }) => kind === 'vulnerability')
    .map(({ id, confidence, purl }) => `${id} ${confidence} ${purl}`)
    .toSorted();

describe('scan of programs outside of package managers', () => {
  it('evaluates a program by NVD, as sure as the record is', async () => {
    const { findings, warnings } = await scan([
      { path: 'usr/local/sbin/nginx', content: nginx('1.20.0'), mode: 0o755 },
    ]);
    expect(vulnerabilities(findings)).toEqual([
      'CVE-2026-0001 likely pkg:generic/nginx@1.20.0',
      'CVE-2026-0002 certain pkg:generic/nginx@1.20.0',
    ]);
    expect(findings.find(({ id }) => id === 'CVE-2026-0001')).toMatchObject({
      severity: 'critical',
      path: 'usr/local/sbin/nginx',
      fix: { state: 'fixed', version: '1.25.4' },
      evidence: { advisory: 'NVD-CVE-2026-0001', cpe: 'f5:nginx', range: '< 1.25.4' },
    });
    expect(warnings.filter(({ code }) => code === 'PACKAGES_NOT_EVALUATED')).toEqual([]);
  });

  it('does not fail by a range of a CPE alone', async () => {
    const verdictOn = async (version: string) =>
      (await scan([{ path: 'usr/local/sbin/nginx', content: nginx(version), mode: 0o755 }], 'critical')).verdict.result;
    expect(await verdictOn('1.20.0')).toBe('fail');
    expect(await verdictOn('1.25.3')).not.toBe('fail');
  });

  it("leaves a program in a distribution's package to the distribution", async () => {
    const owned = dpkg({ name: 'busybox', version: '1:1.19.3-7', file: 'bin/busybox', content: busybox });
    expect(vulnerabilities((await scan([debian12, ...owned])).findings)).toEqual([]);
    const added = { path: 'opt/tools/busybox', content: busybox, mode: 0o755 };
    expect(vulnerabilities((await scan([debian12, ...owned, added])).findings)).toEqual([
      'CVE-2026-0003 likely pkg:generic/busybox@1.19.3',
    ]);
  });

  it("evaluates a package of the program's project once, with or without the program in it", async () => {
    const vendor = {
      ...{ name: 'nginx', version: '1.25.3-1~bookworm', file: 'usr/sbin/nginx' },
      maintainer: 'NGINX Packaging <nginx-packaging@f5.com>',
    };
    const whole = await scan([debian12, ...dpkg({ ...vendor, content: nginx('1.25.3') })]);
    expect(vulnerabilities(whole.findings)).toEqual(['CVE-2026-0001 likely pkg:generic/nginx@1.25.3']);
    const slim = await scan([debian12, ...dpkg({ ...vendor, content: elf('stripped') })]);
    expect(vulnerabilities(slim.findings)).toEqual([
      expect.stringMatching(/^CVE-2026-0001 likely pkg:deb\/debian\/nginx@1\.25\.3-1~bookworm/),
    ]);
    const postgres = { name: 'postgresql-16', version: '16.1-1.pgdg120+1', file: 'usr/lib/postgresql/16/bin/pg_ctl' };
    const { findings } = await scan([debian12, ...dpkg({ ...postgres, content: elf('x') })]);
    expect(vulnerabilities(findings)).toEqual([
      expect.stringMatching(/^CVE-2026-0005 likely pkg:deb\/debian\/postgresql-16@/),
    ]);
  });

  it('does not take a package of a language for the program', async () => {
    const gem = 'usr/local/lib/ruby/gems/3.2.0/specifications/redis-5.0.8.gemspec';
    const content = 'Gem::Specification.new do |s|\n  s.name = "redis".freeze\n  s.version = "5.0.8"\nend\n';
    const npm = { path: 'app/node_modules/redis/package.json', content: '{"name":"redis","version":"4.6.0"}' };
    const { findings, packages } = await scan([{ path: gem, content }, npm]);
    expect(packages.map(({ purl }) => purl)).toEqual(expect.arrayContaining(['pkg:npm/redis@4.6.0']));
    expect(vulnerabilities(findings)).toEqual([]);
  });
});
