import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Finding, findingKinds } from '@tidewaiter/domain';
import { readTrust, type Trust } from '@tidewaiter/provenance';
import {
  buildImage,
  buildIndex,
  cosign,
  type CosignKey,
  cosignKey,
  describeWith,
  type ImageSpec,
  programs,
  pushImage,
  startRegistry,
  type TestRegistry,
} from '@tidewaiter/testkit';

import { scanTarget } from './scan-target.js';

jest.setTimeout(120_000);

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const packages = ['adduser', 'libc6', 'login', 'zlib1g'];
const image = (platform = 'linux/amd64'): ImageSpec => ({
  platform,
  layers: [
    [
      { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="13"\nPRETTY_NAME="Debian 13"\n' },
      {
        path: 'var/lib/dpkg/status',
        content: packages
          .map((name) => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2-3\n`)
          .join('\n'),
      },
    ],
  ],
});

const purl = (name: string) => `pkg:deb/debian/${name}@1:2-3?arch=amd64&distro=debian-13`;
/** As Syft in BuildKit writes it. */
const spdx = (names: readonly string[]) => ({
  spdxVersion: 'SPDX-2.3',
  name: 'sbom',
  creationInfo: { creators: ['Organization: Anchore, Inc', 'Tool: syft-v1.18.1', 'Tool: buildkit-v0.20.2'] },
  packages: names.map((name) => ({
    name,
    versionInfo: '1:2-3',
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl(name) }],
  })),
});
/** As Trivy writes it. */
const cyclonedx = (names: readonly string[]) => ({
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  metadata: { tools: { components: [{ type: 'application', name: 'trivy', version: '0.58.0' }] } },
  components: names.map((name) => ({
    type: 'library',
    name,
    purl: `pkg:deb/debian/${name}@2-3?epoch=1&distro=debian-13`,
  })),
});
const attested = (names: readonly string[]) => [
  { predicateType: 'https://spdx.dev/Document', predicate: spdx(names) },
  { predicateType: 'https://slsa.dev/provenance/v1', predicate: { runDetails: { builder: { id: '' } } } },
];

describeWith(programs('docker-registry', 'skopeo', 'cosign'))('unsigned SBOMs in a registry', () => {
  let dir: string;
  let registry: TestRegistry;
  let key: CosignKey;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidewaiter-sboms-'));
    registry = await startRegistry();
    key = await cosignKey(dir, 'release');
  });

  afterAll(async () => {
    await registry?.stop();
    await rm(dir, { recursive: true });
  });

  const trusted = () => readTrust([{ name: 'release', key: key.publicKey }]);

  /** Scans an image without a cache of its report; returns its findings about unsigned SBOMs. */
  async function differing(
    target: string,
    { trust, platform = 'linux/amd64' }: { trust?: Trust; platform?: string } = {},
  ) {
    const flags = { quiet: true, cacheDir: await mkdtemp(join(dir, 'cache-')), timeout: 60_000, platform };
    const { report } = await scanTarget(target, flags, {
      ...{ kinds: new Set(findingKinds), failOn: 'negligible', onIncomplete: 'warn', advisories: undefined },
      ...{ isOnlyFixed: false, isOnlyReachable: false, policies: [], documents: [] },
      objections: { statements: [], exceptions: [] },
      ...(trust && { trust }),
    });
    const findings = report.findings.filter(({ id }) => id === 'unsigned-sbom-differs');
    return { findings, differences: findings.map(differenceOf), report };
  }

  const differenceOf = ({ evidence }: Finding) => [evidence['source'], evidence['unlisted'], evidence['claimedTools']];
  const bySource = (one: unknown[], other: unknown[]) => String(one[0]).localeCompare(String(other[0]));
  const missing = (...names: string[]) => names.map((name) => `pkg:deb/debian/${name}@1:2-3`);

  async function pushed(
    name: string,
    specs: readonly ImageSpec[],
    isIndex = true,
  ): Promise<{ target: string; digest: string }> {
    const layout = join(dir, name);
    if (isIndex) await buildIndex(layout, specs, '1');
    else await buildImage(layout, { ...specs[0]!, tag: '1' });
    const digest = await pushImage(registry, `shop/${name}:1`, `oci:${layout}:1`);
    return { target: `${registry.host}/shop/${name}:1`, digest };
  }

  /** Stores content in a repository as clients of the distribution protocol do. */
  async function put(name: string, path: string, type: string, content: string): Promise<void> {
    let url = `${registry.url}/v2/shop/${name}/${path}`;
    if (path === 'blobs/uploads/') {
      const begun = await fetch(url, { method: 'POST' });
      const place = new URL(begun.headers.get('location')!, url);
      place.searchParams.set('digest', digestOf(content));
      url = place.href;
    }
    const answer = await fetch(url, { method: 'PUT', headers: { 'content-type': type }, body: content });
    expect(answer.status).toBe(201);
  }

  /** Attaches an SBOM as ORAS does to a registry without the API for referrers. */
  async function attach(name: string, subject: string, sbom: object): Promise<void> {
    const [content, empty] = [JSON.stringify(sbom), '{}'];
    for (const blob of [content, empty]) await put(name, 'blobs/uploads/', 'application/octet-stream', blob);
    const artifactType = 'application/vnd.cyclonedx+json';
    const manifest = JSON.stringify({
      ...{ schemaVersion: 2, mediaType: manifestType, artifactType },
      config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(empty), size: 2 },
      layers: [{ mediaType: artifactType, digest: digestOf(content), size: Buffer.byteLength(content) }],
      subject: { mediaType: manifestType, digest: subject, size: 1 },
    });
    await put(name, `manifests/${digestOf(manifest)}`, manifestType, manifest);
    const indexType = 'application/vnd.oci.image.index.v1+json';
    const descriptor = { mediaType: manifestType, digest: digestOf(manifest), size: manifest.length, artifactType };
    const list = JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [descriptor] });
    await put(name, `manifests/${subject.replace(':', '-')}`, indexType, list);
  }

  it('are compared where BuildKit attests them in the index, each with its platform', async () => {
    const arm = image('linux/arm64');
    const { target } = await pushed('buildkit', [
      { ...image(), statements: attested(packages.slice(1)) },
      { ...arm, statements: attested([...packages, 'gcc']) },
    ]);
    const { findings, differences, report } = await differing(target);
    expect(differences).toEqual([['buildkit', missing('adduser'), ['syft-v1.18.1', 'buildkit-v0.20.2']]]);
    expect(findings).toMatchObject([{ severity: 'negligible', confidence: 'possible' }]);
    expect(report.provenance).toBeNull();
    expect((await differing(target, { platform: 'linux/arm64' })).differences).toEqual([]);
  });

  it('are shown as not verified, like provenance of BuildKit, where a key is named', async () => {
    const { target } = await pushed('shown', [{ ...image(), statements: attested(packages) }]);
    const { differences, report } = await differing(target, { trust: trusted() });
    expect(differences).toEqual([]);
    const attestations = report.provenance?.attestations.map(({ kind, verified, code }) => [kind, verified, code]);
    expect(attestations).toEqual([
      ['sbom', false, 'UNSIGNED'],
      ['provenance', false, 'UNSIGNED'],
    ]);
  });

  it('are compared where cosign or ORAS attached them, if a key is named', async () => {
    const { target, digest } = await pushed('attached', [image()], false);
    writeFileSync(join(dir, 'sbom.json'), JSON.stringify(spdx(packages.slice(0, 3))));
    const attachment = ['--sbom', 'sbom.json', '--type', 'spdx', '--input-format', 'json'];
    const place = `${registry.host}/shop/attached@${digest}`;
    await cosign(dir, 'attach', 'sbom', '--allow-http-registry', ...attachment, place);
    await attach('attached', digest, cyclonedx(packages.slice(0, 2)));
    expect((await differing(target)).differences).toEqual([]);
    expect((await differing(target, { trust: trusted() })).differences.toSorted(bySource)).toEqual([
      ['referrer', missing('login', 'zlib1g'), ['trivy 0.58.0']],
      ['tag', missing('zlib1g'), ['syft-v1.18.1', 'buildkit-v0.20.2']],
    ]);
  });
});

function digestOf(content: string): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
