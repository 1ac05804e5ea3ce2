import { randomUUID } from 'node:crypto';

import { freePort } from '@tidewaiter/servers';
import {
  buildImage,
  cosignAttest,
  type CosignKey,
  cosignKey,
  cosignSign,
  hasCosign,
  hasRegistry,
  pushImage,
  startRegistry,
  type TestRegistry,
} from '@tidewaiter/testkit';

import { debian12 } from './fixtures.js';
import { makeHome, removeFolders, startTidewaiter, temporaryFolder, type Tidewaiter, until } from './tidewaiter.js';

interface Push {
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

(hasRegistry && hasCosign ? describe : describe.skip)('signatures (need docker-registry, skopeo and cosign)', () => {
  let dir: string;
  let registry: TestRegistry;
  let tidewaiter: Tidewaiter;
  let release: CosignKey;
  let stranger: CosignKey;

  beforeAll(async () => {
    dir = temporaryFolder();
    const ingestPort = await freePort();
    [release, stranger] = await Promise.all([cosignKey(dir, 'release'), cosignKey(dir, 'stranger')]);
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
`,
      'routing.yaml': 'route: { receiver: nobody }\nreceivers: [ { name: nobody } ]\n',
    });
    tidewaiter = await startTidewaiter(home, ingestPort);
  }, 120_000);

  afterAll(async () => {
    await tidewaiter?.stop();
    await registry.stop();
    await removeFolders();
  });

  /** Pushes content that nobody has seen; answers its digest. */
  async function push(name: string, labels: Record<string, string> = {}): Promise<string> {
    const layout = temporaryFolder();
    await buildImage(layout, {
      layers: [[debian12, { path: 'app', content: randomUUID() }]],
      config: { Labels: labels },
    });
    return pushImage(registry, name, `oci:${layout}:latest`);
  }

  /** Waits until every push of a repository has come to its end; answers them, newest first. */
  async function ended(repository: string, count: number): Promise<Push[]> {
    let found: Push[] = [];
    await until(`${count} pushes of ${repository} have ended`, async () => {
      const { items } = await tidewaiter.api<{ items: Push[] }>('/pushes?limit=200');
      found = items.filter((each) => each.repository === repository);
      const isEnded = ({ state }: Push) => ['analyzed', 'refused', 'dead-lettered'].includes(state);
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

  const imageOf = (repository: string, digest: string) => `${registry.host}/${repository}@${digest}`;

  it('finds an image unsigned until its signer has signed it', async () => {
    const digest = await push('signed/app:1');
    expect(await ended('signed/app', 1)).toMatchObject([{ state: 'analyzed', verdict: 'fail' }]);
    const unsigned = { id: 'image-unsigned', severity: 'high', evidence: { signers: ['release'], found: 0 } };
    expect(await supplyChain(digest)).toMatchObject([unsigned]);

    await cosignSign(dir, stranger, imageOf('signed/app', digest));
    const refused = { ...unsigned, evidence: { signers: ['release'], found: 1, refused: ['SIGNER_UNKNOWN'] } };
    await until('the stranger was looked at', async () => (await supplyChain(digest))[0]?.evidence['found'] === 1);
    expect(await supplyChain(digest)).toMatchObject([refused]);

    await cosignSign(dir, release, imageOf('signed/app', digest));
    await until('it is signed', async () => (await supplyChain(digest)).length === 0);
    const [, ...signatures] = (await ended('signed/app', 3)).toReversed();
    await until('the verdict follows', async () => (await ended('signed/app', 3)).at(-1)?.verdict !== 'fail');
    expect(signatures).toMatchObject(
      signatures.map(() => ({ state: 'refused', code: 'NOT_AN_IMAGE', artifact: 'signature' })),
    );
    const signer = { name: 'release' };
    expect(await provenanceOf(digest)).toMatchObject([
      { repository: 'signed/app', signatures: [{ code: 'SIGNER_UNKNOWN' }, { verified: true, signer }] },
    ]);
  }, 120_000);

  it('knows builder, sources and revision of what was attested, as tag and as referrer', async () => {
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

  it('asks nobody else for a signature', async () => {
    const digest = await push('free/app:1');
    await ended('free/app', 1);
    expect(await supplyChain(digest)).toEqual([]);
    expect(await provenanceOf(digest)).toEqual([]);
  }, 60_000);

  it('finds a release that was moved, and not a name that is meant to move', async () => {
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

  it('finds other content that says to be of the same revision', async () => {
    const labels = { 'org.opencontainers.image.revision': revision };
    const before = await push('free/rebuilt:a', labels);
    await ended('free/rebuilt', 1);
    const after = await push('free/rebuilt:b', labels);
    await push('free/elsewhere:a', labels);
    const other = await push('free/rebuilt:c', { 'org.opencontainers.image.revision': 'd'.repeat(40) });
    await ended('free/rebuilt', 3);
    expect(await supplyChain(after)).toMatchObject([
      { id: 'same-revision-different-content', severity: 'medium', evidence: { revision, previousDigest: before } },
    ]);
    expect(await supplyChain(before)).toEqual([]);
    expect(await supplyChain(other)).toEqual([]);
  }, 120_000);
});
