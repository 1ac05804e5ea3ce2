import { freePort } from '@tidewaiter/servers';
import {
  buildImage,
  buildIndex,
  type CosignKey,
  cosignKey,
  cosignSign,
  describeWith,
  elfFile,
  type HttpSink,
  programs,
  pushImage,
  startRegistry,
  tarArchive,
  type TarEntry,
  type TestRegistry,
  webhookSink,
} from '@tidewaiter/testkit';

import { debian13, dpkgStatus } from './fixtures.js';
import { makeHome, removeFolders, startTidewaiter, temporaryFolder, type Tidewaiter, until } from './tidewaiter.js';

interface Push {
  repository: string;
  tag: string | null;
  digest: string | null;
  state: string;
  verdict: string | null;
  code: string | null;
}

interface Finding {
  kind: string;
  id: string;
  severity: string;
  layer: number | null;
  evidence: Record<string, unknown>;
}

const hookSecret = 'hook-secret-of-the-test';
const base: TarEntry[] = [debian13, dpkgStatus({ zlib: '1.3-1' })];
/** A program that no package owns, and a key. */
const payload: TarEntry[] = [
  { path: 'usr/sbin/nginx-others', content: elfFile([]), mode: 0o755 },
  { path: 'app/.env', content: 'AWS_ACCESS_KEY_ID=AKIAQYLPMN5HFIQR7XYA\n' },
];
const zeros = tarArchive([{ path: 'var/cache/zero.bin', content: Buffer.alloc(100 << 20) }]);
const corrupt = Buffer.alloc(10_240, 1);

describeWith(programs('docker-registry', 'skopeo', 'cosign'))('unreadable layers', () => {
  let dir: string;
  let registry: TestRegistry;
  let sink: HttpSink;
  let tidewaiter: Tidewaiter;
  let key: CosignKey;

  beforeAll(async () => {
    dir = temporaryFolder();
    const ingestPort = await freePort();
    [key, sink] = await Promise.all([cosignKey(dir, 'release'), webhookSink()]);
    registry = await startRegistry({
      notify: {
        url: `http://127.0.0.1:${ingestPort}/hooks/registry/main`,
        headers: { Authorization: `Bearer ${hookSecret}` },
      },
    });
    const home = makeHome({
      'release.pub': key.publicKey,
      'tidewaiter.yaml': `
registries:
  - { name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${hookSecret}, allowPrivate: true }
signers:
  - { name: release, keyFile: release.pub, repositories: ["rel/*"] }
policies: [ { name: signed-where-required, mode: enforce } ]
admission: { mode: enforce, unknown: allow, allowUnauthenticated: true }
`,
      'routing.yaml': `
route: { receiver: audit, group_by: [repository, tag], group_wait: 0s }
receivers: [ { name: audit, webhook_configs: [ { url: "${sink.url}", send_resolved: true } ] } ]
`,
    });
    tidewaiter = await startTidewaiter(home, ingestPort);
  }, 120_000);

  afterAll(async () => {
    await tidewaiter?.stop();
    await Promise.all([registry.stop(), sink.stop()]);
    await removeFolders();
  });

  async function push(name: string, layers: (TarEntry[] | Buffer)[], revision = 'a'): Promise<string> {
    const layout = temporaryFolder();
    await buildImage(layout, { layers, config: { Labels: { revision } } });
    return pushImage(registry, name, `oci:${layout}:latest`);
  }

  async function ended(repository: string, digest: string): Promise<Push> {
    let found: Push | undefined;
    await until(`${repository}@${digest} has ended`, async () => {
      const { items } = await tidewaiter.api<{ items: Push[] }>('/pushes?limit=200');
      found = items.find((each) => each.repository === repository && each.digest === digest);
      return found !== undefined && ['analyzed', 'refused', 'dead-lettered'].includes(found.state);
    });
    return found!;
  }

  async function findings(digest: string): Promise<Finding[]> {
    return (await tidewaiter.api<{ items: Finding[] }>(`/images/${digest}/findings`)).items;
  }

  async function admits(image: string): Promise<boolean> {
    const answer = await fetch(`${tidewaiter.consoleUrl}/admission/validate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        request: { uid: 'u', operation: 'CREATE', object: { spec: { containers: [{ image }] } } },
      }),
    });
    const { response } = (await answer.json()) as { response: { allowed: boolean } };
    return response.allowed;
  }

  /** Pushes over a signed release tag; returns the push and its findings. */
  async function overSigned(repository: string, hiding: Buffer): Promise<{ pushed: Push; found: Finding[] }> {
    const name = `${repository}:v0.9.0`;
    const honest = await push(name, [base]);
    await cosignSign(dir, key, `${registry.host}/${repository}@${honest}`);
    await ended(repository, honest);
    const digest = await push(name, [base, payload, hiding], 'b');
    const pushed = await ended(repository, digest);
    return { pushed, found: await findings(digest) };
  }

  const idsOf = (found: readonly Finding[]) => found.map(({ id }) => id);
  const expected = ['aws-access-token', 'release-tag-moved', 'image-unsigned'];

  it('reads a layer of zeros, and reports findings beside it', async () => {
    const { pushed, found } = await overSigned('rel/zeros', zeros);
    expect(pushed).toMatchObject({ state: 'analyzed', verdict: 'fail' });
    expect(idsOf(found)).toEqual(expect.arrayContaining(expected));
    expect(idsOf(found)).not.toContain('layer-not-analyzed');
    expect(await admits(`${registry.host}/rel/zeros:v0.9.0`)).toBe(false);
  });

  it('reports findings beside a corrupt layer, names the layer, notifies, and denies admission', async () => {
    const { pushed, found } = await overSigned('rel/corrupt', corrupt);
    expect(pushed).toMatchObject({ state: 'analyzed', verdict: 'fail', code: null });
    expect(idsOf(found)).toEqual(expect.arrayContaining([...expected, 'layer-not-analyzed']));
    expect(found.find(({ id }) => id === 'layer-not-analyzed')).toMatchObject({
      kind: 'integrity',
      severity: 'high',
      layer: 2,
      evidence: { code: 'CORRUPT_LAYER', createdBy: 'layer 2', diffId: expect.stringMatching(/^sha256:/) },
    });
    expect(await admits(`${registry.host}/rel/corrupt:v0.9.0`)).toBe(false);
    await until('the message is there', () =>
      sink.received.some(({ text }) => text.includes('layer-not-analyzed') && text.includes('rel/corrupt')),
    );
  });

  it('notifies about a push without a platform to analyze, and resolves that when an image follows', async () => {
    const layout = temporaryFolder();
    await buildIndex(layout, [{ layers: [[debian13]], platform: 'linux/s390x' }]);
    const refused = await pushImage(registry, 'free/none:1', `oci:${layout}:latest`);
    await until('the failed push is announced', () => alerts('firing').length === 1);
    const pushes = await tidewaiter.api<{ items: Push[] }>('/pushes?limit=200');
    expect(pushes.items.find(({ repository, tag }) => repository === 'free/none' && tag === '1')).toMatchObject({
      state: 'refused',
      code: 'NO_PLATFORM',
    });
    expect(await admits(`${registry.host}/free/none@${refused}`)).toBe(false);
    await push('free/none:1', [base]);
    await until('the alert is resolved', () => alerts('resolved').length === 1);
  });

  /** Alerts about a push that could not be analyzed. */
  function alerts(status: string): string[] {
    const texts = sink.received.map(({ text }) => text).filter((text) => text.includes('"kind":"not-analyzed"'));
    return texts.filter((text) => text.includes(`"status":"${status}"`));
  }
});
