import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { buildImage, describeWith, programs, pushImage, startRegistry, type TestRegistry } from '@tidewaiter/testkit';

import { debian13, dpkgStatus, writeAdvisories } from './fixtures.js';
import { launcher, removeFolders, runIn, temporaryFolder } from './tidewaiter.js';

const auth = { username: 'reader', password: 'password-of-the-test' };

interface Report {
  target: { digest: string | null };
  os: { id: string } | null;
  packages: { purl: string; layer: number; state: string }[];
  findings: {
    id: string;
    severity: string;
    fix: { version: string | null };
    path: string | null;
  }[];
  warnings: { code: string; path: string | null }[];
  verdict: { result: string; reasons: string[] };
  stats: { layersAnalyzed: number; layersFromCache: number };
}

let home: string;
let image: string;
let digest: string;
let advisories: string;

async function tidewaiter(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return runIn(home, ...args);
}

async function scan(...args: string[]): Promise<Report> {
  const { code, stdout, stderr } = await tidewaiter('scan', ...args, '-o', 'json');
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Report;
}

describe('tidewaiter scan', () => {
  beforeAll(async () => {
    home = temporaryFolder();
    const dir = temporaryFolder();
    const built = await buildImage(dir, {
      layers: [[debian13, dpkgStatus({ openssl: '3.0.15-1' })], [dpkgStatus({ openssl: '3.0.15-1', zlib: '1.3-1' })]],
    });
    digest = built.digest;
    image = `oci:${dir}`;
    advisories = writeAdvisories(join(home, 'osv'), [
      { id: 'CVE-2026-1001', package: 'openssl', fixed: '3.0.17-1', severity: 'CRITICAL' },
      { id: 'CVE-2026-1003', package: 'zlib', severity: 'LOW' },
    ]);
    await tidewaiter('--version');
  }, 240_000);

  afterAll(removeFolders);

  it('reports packages, layers and findings of an image, and uses cached layers the second time', async () => {
    const first = await scan(image, '--advisories', advisories, '--kinds', 'vulnerability');
    expect(first).toMatchObject({
      target: { digest },
      os: { id: 'debian' },
      packages: [
        { purl: 'pkg:deb/debian/openssl@3.0.15-1?arch=amd64&distro=debian-13', layer: 0, state: 'present' },
        { purl: 'pkg:deb/debian/zlib@1.3-1?arch=amd64&distro=debian-13', layer: 1, state: 'present' },
      ],
      findings: [
        { id: 'CVE-2026-1001', severity: 'critical', fix: { version: '3.0.17-1' } },
        { id: 'CVE-2026-1003', severity: 'low', fix: { version: null } },
      ],
      verdict: { result: 'fail', reasons: ['1 finding is high or worse'] },
      stats: { layersAnalyzed: 2, layersFromCache: 0 },
    });
    const second = await scan(image, '--advisories', advisories, '--kinds', 'vulnerability');
    expect(second.stats).toMatchObject({ layersAnalyzed: 0, layersFromCache: 2 });
    expect({ ...second, stats: null }).toEqual({ ...first, stats: null });
  });

  it('checks Dockerfiles and manifests of a folder of sources, but not those in an unpacked image', async () => {
    const folder = temporaryFolder();
    for (const path of ['services/web', 'node_modules/a', 'chart/templates', 'etc'])
      mkdirSync(join(folder, path), { recursive: true });
    writeFileSync(join(folder, 'services/web/Dockerfile'), 'FROM debian:latest\nRUN curl http://example.com | sh\n');
    writeFileSync(join(folder, 'node_modules/a/Dockerfile'), 'FROM debian:latest\n');
    writeFileSync(join(folder, 'services/Dockerfile.md'), '# How to build\n');
    const pod = 'apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { hostPID: true, containers: [] }\n';
    writeFileSync(join(folder, 'services/pod.yaml'), pod);
    writeFileSync(join(folder, 'chart/Chart.yaml'), 'apiVersion: v2\nname: a\nversion: 1.0.0\n');
    writeFileSync(join(folder, 'chart/templates/pod.yaml'), pod.replace('name: a', 'name: {{ .Values.name }}'));
    writeFileSync(join(folder, 'services/values.yml'), 'hostPID: true\n');
    const { findings, verdict, warnings } = await scan(`rootfs:${folder}`, '--kinds', 'misconfiguration');
    expect(findings.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['dockerfile-latest-base', 'dockerfile-download-and-run', 'k8s-host-pid']),
    );
    expect(new Set(findings.map(({ path }) => path))).toEqual(
      new Set(['services/web/Dockerfile', 'services/pod.yaml']),
    );
    expect(warnings.map(({ code, path }) => [code, path])).toEqual([['TEMPLATE_NOT_CHECKED', 'chart/Chart.yaml']]);
    expect(verdict.result).toBe('fail');
    writeFileSync(join(folder, 'etc/os-release'), 'ID=debian\nVERSION_ID=13\n');
    expect((await scan(`rootfs:${folder}`, '--kinds', 'misconfiguration')).findings).toEqual([]);
  });

  it.each([
    [0, ['--fail-on', 'critical', '--kinds', 'misconfiguration']],
    [1, ['--fail-on', 'critical', '--kinds', 'vulnerability']],
    [1, ['--fail-on', 'low', '--kinds', 'vulnerability', '--only-fixed']],
  ])(
    'exits with %i for %j',
    async (expected, flags) => {
      const { code } = await tidewaiter('scan', image, '--advisories', advisories, '-o', 'json', ...flags);
      expect(code).toBe(expected);
    },
    60_000,
  );

  it('passes no gate without advisories, and prints the reason', async () => {
    const { code, stdout } = await tidewaiter(
      'scan',
      image,
      '--fail-on',
      'critical',
      '-o',
      'json',
      '--kinds',
      'vulnerability',
    );
    expect(code).toBe(2);
    expect((JSON.parse(stdout) as Report).verdict).toMatchObject({
      result: 'unknown',
      reasons: [expect.stringMatching('no advisories')],
    });
  });

  it.each([
    [3, ['scan', 'oci:/nowhere']],
    [3, ['scan', 'Not An Image!']],
    [2, ['scan', 'alpine', '--offline']],
    [64, ['scan']],
    [64, ['scan', 'oci:/nowhere', '-o', 'nonsense']],
    [64, ['scan', 'oci:/nowhere', '--fail-on', 'awful']],
    [64, ['scan', 'oci:/nowhere', '--kinds', 'vulnerability,nonsense']],
    [64, ['scan', 'oci:/nowhere', '--timeout', 'soon']],
  ])(
    'exits with %i for %j, with a one-line reason',
    async (expected, args) => {
      const { code, stdout, stderr } = await tidewaiter(...args);
      expect([code, stdout]).toEqual([expected, '']);
      expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(2);
    },
    60_000,
  );

  it('writes several formats, each to its file', async () => {
    const [table, json] = [join(home, 'report.txt'), join(home, 'report.json')];
    const { code, stdout } = await tidewaiter(
      'scan',
      image,
      '--advisories',
      advisories,
      '-o',
      `table=${table}`,
      '-o',
      `json=${json}`,
    );
    expect([code, stdout]).toEqual([0, '']);
    expect(readFileSync(table, 'utf8')).toContain('CVE-2026-1003');
    expect((JSON.parse(readFileSync(json, 'utf8')) as Report).target.digest).toBe(digest);
  });

  it('does not pass where standard output is a full disk', () => {
    const command = '"$0" scan "$1" --advisories "$2" -o json > /dev/full';
    const env = { ...process.env, HOME: home, XDG_CACHE_HOME: join(home, 'cache') };
    const { status, stderr } = spawnSync('sh', ['-c', command, launcher, image, advisories], { env });
    expect([status, stderr.toString()]).toEqual([2, expect.stringMatching('OUTPUT_UNWRITABLE')]);
  }, 60_000);

  it('explains the origin of a finding', async () => {
    const { code, stdout } = await tidewaiter('explain', 'CVE-2026-1001', image, '--advisories', advisories);
    expect(code).toBe(0);
    expect(stdout).toMatch(/upgrade openssl 3\.0\.15-1 to 3\.0\.17-1/);
    expect(stdout).toMatch(/build step +layer 0/);
    expect((await tidewaiter('explain', 'CVE-1999-0001', image, '--advisories', advisories)).code).toBe(3);
  });

  it('compares two images', async () => {
    const dir = temporaryFolder();
    await buildImage(dir, { layers: [[debian13, dpkgStatus({ openssl: '3.0.17-1' }), { path: 'app', content: 'x' }]] });
    const { stdout } = await tidewaiter('diff', image, `oci:${dir}`, '--advisories', advisories, '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      packages: [
        { name: 'openssl', before: '3.0.15-1', after: '3.0.17-1' },
        { name: 'zlib', before: '1.3-1', after: null },
      ],
      files: [
        { path: 'app', change: 'added', isNewSetuid: false },
        { path: 'var/lib/dpkg/status', change: 'content' },
      ],
      base: { isChanged: false },
      hosts: [],
      findings: { introduced: [], resolved: [{ id: 'CVE-2026-1001' }, { id: 'CVE-2026-1003' }] },
    });
  });

  describeWith(programs('docker-registry', 'skopeo'))('an image in a registry', () => {
    let registry: TestRegistry;

    beforeAll(async () => {
      registry = await startRegistry({ auth });
      await pushImage(registry, 'shop/app:1', `${image}:latest`);
    });

    afterAll(() => registry.stop());

    it('is read with the credentials of `docker login` only', async () => {
      const reference = `${registry.host}/shop/app:1`;
      const refused = await tidewaiter('scan', reference, '-o', 'json');
      expect(refused).toMatchObject({ code: 2, stdout: '' });
      expect(refused.stderr).toMatch(/REGISTRY_UNAUTHORIZED/);
      mkdirSync(join(home, 'docker'));
      const login = Buffer.from(`${auth.username}:${auth.password}`).toString('base64');
      writeFileSync(join(home, 'docker/config.json'), JSON.stringify({ auths: { [registry.host]: { auth: login } } }));
      const report = await scan(reference, '--kinds', 'secret');
      expect(report.packages.map(({ purl }) => purl)).toHaveLength(2);
      expect((await tidewaiter('scan', `${registry.host}/shop/app:2`)).code).toBe(3);
    });
  });
});
