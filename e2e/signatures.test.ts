import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import { freePort } from '@tidewaiter/servers';
import {
  buildImage,
  cosignAttest,
  type CosignKey,
  cosignKey,
  cosignSign,
  describeWith,
  programs,
  pushImage,
  startRegistry,
  type TarEntry,
  type TestRegistry,
} from '@tidewaiter/testkit';

import { debian13, dpkgStatus, writeAdvisories } from './fixtures.js';
import { makeHome, removeFolders, startTidewaiter, temporaryFolder, type Tidewaiter, until } from './tidewaiter.js';

interface Push {
  id: string;
  repository: string;
  tag: string | null;
  digest: string | null;
  artifact: string;
  state: string;
  verdict: string | null;
  code: string | null;
}

interface Finding {
  kind: string;
  id: string;
  severity: string;
  evidence: Record<string, unknown>;
}

interface Image {
  provenance: { repository: string; signatures: object[]; attestations: object[] }[];
}

const hookSecret = 'hook-secret-of-the-test';
const revision = 'c'.repeat(40);
const provenance = {
  buildDefinition: {
    buildType: 'https://example.com/build/v1',
    externalParameters: {},
    resolvedDependencies: [
      { uri: 'git+https://git.example.com/shop/app@refs/heads/main', digest: { gitCommit: revision } },
    ],
  },
  runDetails: { builder: { id: 'https://builder.example.com/v1' } },
};

describeWith(programs('docker-registry', 'skopeo', 'cosign'))('signatures', () => {
  let dir: string;
  let registry: TestRegistry;
  let tidewaiter: Tidewaiter;
  let release: CosignKey;
  let unknownKey: CosignKey;

  beforeAll(async () => {
    dir = temporaryFolder();
    const ingestPort = await freePort();
    [release, unknownKey] = await Promise.all([cosignKey(dir, 'release'), cosignKey(dir, 'unknownKey')]);
    registry = await startRegistry({
      notify: {
        url: `http://127.0.0.1:${ingestPort}/hooks/registry/main`,
        headers: { Authorization: `Bearer ${hookSecret}` },
      },
    });
    const home = makeHome({
      'release.pub': release.publicKey,
      'tidewaiter.yaml': `
registries:
  - { name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${hookSecret}, allowPrivate: true }
signers:
  - { name: release, keyFile: release.pub, repositories: ["signed/*"] }
policies: [ { name: signed-where-required } ]
`,
      'routing.yaml': 'route: { receiver: none }\nreceivers: [ { name: none } ]\n',
    });
    tidewaiter = await startTidewaiter(home, ingestPort);
    const advisories = writeAdvisories(join(home, 'osv'), [
      { id: 'CVE-2026-1001', package: 'openssl', fixed: '3.0.17-1', severity: 'LOW' },
    ]);
    await tidewaiter.command('advisories', 'import', advisories);
  }, 120_000);

  afterAll(async () => {
    await tidewaiter?.stop();
    await registry.stop();
    await removeFolders();
  });

  /** Pushes new content; returns its digest. */
  async function push(name: string, labels: Record<string, string> = {}, more: TarEntry[] = []): Promise<string> {
    const layout = temporaryFolder();
    await buildImage(layout, {
      layers: [[debian13, { path: 'app/id', content: randomUUID() }, ...more]],
      config: { Labels: labels },
    });
    return pushImage(registry, name, `oci:${layout}:latest`);
  }

  /** Waits until every push of a repository has ended; returns them, newest first. */
  async function ended(repository: string, count: number): Promise<Push[]> {
    let found: Push[] = [];
    await until(`${count} pushes of ${repository} have ended`, async () => {
      const lists = ['/pushes?limit=200', '/pushes?limit=200&state=not-an-image'];
      const pages = await Promise.all(lists.map((path) => tidewaiter.api<{ items: Push[] }>(path)));
      const all = pages.flatMap(({ items }) => items).toSorted((a, b) => (a.id < b.id ? 1 : -1));
      found = all.filter((each) => each.repository === repository);
      const isEnded = ({ state }: Push) => ['analyzed', 'not-an-image', 'refused', 'dead-lettered'].includes(state);
      return found.length >= count && found.every(isEnded);
    });
    return found;
  }

  async function supplyChain(digest: string): Promise<Finding[]> {
    const { items } = await tidewaiter.api<{ items: Finding[] }>(`/images/${digest}/findings`);
    return items.filter(({ kind }) => kind === 'supply-chain');
  }

  async function provenanceOf(digest: string): Promise<Image['provenance']> {
    const { images } = await tidewaiter.api<{ images: Image[] }>(`/images/${digest}`);
    return images[0]!.provenance;
  }

  async function policiesOf({ id }: Push): Promise<object[]> {
    return (await tidewaiter.api<{ policies: object[] }>(`/pushes/${id}`)).policies;
  }

  const imageOf = (repository: string, digest: string) => `${registry.host}/${repository}@${digest}`;

  it('reports an image as unsigned until its signer has signed it', async () => {
    const digest = await push('signed/app:1');
    const [unevaluated] = await ended('signed/app', 1);
    expect(unevaluated).toMatchObject({ state: 'analyzed', verdict: 'fail' });
    expect(await policiesOf(unevaluated!)).toMatchObject([{ name: 'signed-where-required', result: 'fail' }]);
    const unsigned = { id: 'image-unsigned', severity: 'high', evidence: { signers: ['release'], found: 0 } };
    expect(await supplyChain(digest)).toMatchObject([unsigned]);

    await cosignSign(dir, unknownKey, imageOf('signed/app', digest));
    const refused = { ...unsigned, evidence: { signers: ['release'], found: 1, refused: ['SIGNER_UNKNOWN'] } };
    await until('the unknown signature was read', async () => (await supplyChain(digest))[0]?.evidence['found'] === 1);
    expect(await supplyChain(digest)).toMatchObject([refused]);

    await cosignSign(dir, release, imageOf('signed/app', digest));
    await until('it is signed', async () => (await supplyChain(digest)).length === 0);
    const [image, ...signatures] = (await ended('signed/app', 3)).toReversed();
    await until('the verdict follows', async () => (await ended('signed/app', 3)).at(-1)?.verdict !== 'fail');
    expect(await policiesOf(image!)).toMatchObject([{ name: 'signed-where-required', result: 'pass' }]);
    expect(signatures).toMatchObject(
      signatures.map(() => ({ state: 'not-an-image', code: 'NOT_AN_IMAGE', artifact: 'signature' })),
    );
    const signer = { name: 'release' };
    expect(await provenanceOf(digest)).toMatchObject([
      { repository: 'signed/app', signatures: [{ code: 'SIGNER_UNKNOWN' }, { verified: true, signer }] },
    ]);
  }, 120_000);

  it('reads builder, sources and revision of attestations, as tag and as referrer', async () => {
    const digest = await push('signed/attested:1');
    await ended('signed/attested', 1);
    await cosignAttest(
      dir,
      release,
      imageOf('signed/attested', digest),
      'slsaprovenance1',
      provenance,
      '--new-bundle-format',
    );
    await until('it is attested', async () => (await provenanceOf(digest))[0]?.attestations.length === 1);
    await cosignAttest(dir, release, imageOf('signed/attested', digest), 'slsaprovenance1', provenance);
    await until('it is attested twice', async () => (await provenanceOf(digest))[0]?.attestations.length === 2);
    const facts = { builder: 'https://builder.example.com/v1', source: 'https://git.example.com/shop/app', revision };
    const [{ attestations } = { attestations: [] }] = await provenanceOf(digest);
    expect(attestations).toMatchObject([
      { verified: true, ...facts },
      { verified: true, ...facts },
    ]);
    expect(await supplyChain(digest)).toEqual([]);
  }, 120_000);

  it('applies VEX statements of a signer, and not those of others', async () => {
    const digest = await push('signed/vex:1', {}, [dpkgStatus({ openssl: '3.0.15-1' })]);
    const [image] = await ended('signed/vex', 1);
    const detail = () =>
      tidewaiter.api<{ suppressed: { id: string; by: { source: string } }[] }>(`/pushes/${image!.id}`);
    const vex = {
      '@context': 'https://openvex.dev/ns/v0.2.0',
      '@id': 'https://example.com/vex/1',
      author: 'security@example.com',
      timestamp: '2026-01-01T00:00:00Z',
      version: 1,
      statements: [
        {
          vulnerability: { name: 'CVE-2026-1001' },
          products: [{ '@id': 'pkg:deb/debian/openssl' }],
          status: 'not_affected',
          justification: 'vulnerable_code_not_present',
        },
      ],
    };
    const attested = async (count: number) => (await provenanceOf(digest))[0]?.attestations.length === count;
    await cosignAttest(dir, unknownKey, imageOf('signed/vex', digest), 'openvex', vex);
    await until('the unknown signature was read', () => attested(1));
    expect((await detail()).suppressed).toEqual([]);
    await cosignAttest(dir, release, imageOf('signed/vex', digest), 'openvex', vex);
    await until('the signer was looked at', () => attested(2));
    expect((await detail()).suppressed).toMatchObject([
      { id: 'CVE-2026-1001', by: { kind: 'vex', source: 'attestation of release' } },
    ]);
  }, 120_000);

  it('compares the SBOM of a signer with the image, and not those of others', async () => {
    const digest = await push('signed/listed:1', {}, [dpkgStatus({ openssl: '3.0.15-1', zlib1g: '1.3-1' })]);
    await ended('signed/listed', 1);
    const openssl = { type: 'library', name: 'openssl', purl: 'pkg:deb/debian/openssl@3.0.15-1?arch=amd64' };
    const sbom = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [openssl] };
    const attested = async (count: number) => (await provenanceOf(digest))[0]?.attestations.length === count;
    await cosignAttest(dir, unknownKey, imageOf('signed/listed', digest), 'cyclonedx', sbom);
    await until('the unknown signature was read', () => attested(1));
    expect((await supplyChain(digest)).map(({ id }) => id)).toEqual(['image-unsigned']);
    await cosignAttest(dir, release, imageOf('signed/listed', digest), 'cyclonedx', sbom);
    await until('it is compared', async () => (await supplyChain(digest)).some(({ id }) => id === 'sbom-differs'));
    expect(await supplyChain(digest)).toMatchObject([
      { severity: 'low', evidence: { author: 'release', unlisted: ['pkg:deb/debian/zlib1g@1.3-1'], absent: [] } },
    ]);
  }, 120_000);

  it('requires no signature in other repositories', async () => {
    const digest = await push('free/app:1');
    await ended('free/app', 1);
    expect(await supplyChain(digest)).toEqual([]);
    expect(await provenanceOf(digest)).toEqual([]);
  }, 60_000);

  it('reports a moved release, and not a moving tag', async () => {
    const before = await push('free/moving:1.2.3');
    await ended('free/moving', 1);
    const after = await push('free/moving:1.2.3');
    await ended('free/moving', 2);
    expect(await supplyChain(before)).toEqual([]);
    expect(await supplyChain(after)).toMatchObject([
      { id: 'release-tag-moved', evidence: { repository: 'free/moving', tag: '1.2.3', previousDigest: before } },
    ]);
    await push('free/moving:latest');
    await ended('free/moving', 3);
    const latest = await push('free/moving:latest');
    await ended('free/moving', 4);
    expect(await supplyChain(latest)).toEqual([]);
  }, 120_000);
});
