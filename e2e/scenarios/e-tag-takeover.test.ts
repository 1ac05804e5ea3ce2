import { createHash, createPublicKey, randomUUID } from 'node:crypto';

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
  slackSink,
  type SlackSink,
  startRegistry,
  type TestRegistry,
} from '@tidewaiter/testkit';

import { debian13, dpkgStatus, hardened, writeAdvisories } from '../fixtures.js';
import {
  makeHome,
  quiet,
  removeFolders,
  startTidewaiter,
  temporaryFolder,
  type Tidewaiter,
  until,
} from '../tidewaiter.js';

// Scenario E, as the takeover of Trivy's tags was: an account with the credentials of a publisher
// moves released tags to another image.

interface Push {
  repository: string;
  tag: string | null;
  digest: string | null;
  artifact: string;
  state: string;
  pushedBy: string | null;
}

interface Finding {
  kind: string;
  id: string;
  title: string;
  severity: string;
  evidence: Record<string, unknown>;
}

interface Incident {
  severity: string;
  title: string;
  imageDigest: string | null;
}

const hookSecret = 'hook-secret-of-the-test';
const channel = 'C0000001';
const repository = 'rel/tool';
const publisher = { username: 'ci-bot', password: 'password-of-ci-bot' };
const attacker = { username: 'mallory', password: 'password-of-mallory' };
const releases = Array.from({ length: 9 }, (_, index) => `v${index + 1}`);
const moved = releases.slice(2, 8);
const provenance = {
  buildDefinition: { buildType: 'https://example.com/build/v1', externalParameters: {}, resolvedDependencies: [] },
  runDetails: { builder: { id: 'https://builder.example.com/v1' } },
};

describeWith(programs('docker-registry', 'skopeo', 'cosign'))('scenario E', () => {
  let dir: string;
  let slack: SlackSink;
  let registry: TestRegistry;
  let mirror: TestRegistry;
  let tidewaiter: Tidewaiter;
  let key: CosignKey;

  beforeAll(async () => {
    dir = temporaryFolder();
    const ingestPort = await freePort();
    const notify = (name: string) => ({
      url: `http://127.0.0.1:${ingestPort}/hooks/registry/${name}`,
      headers: { Authorization: `Bearer ${hookSecret}` },
    });
    [slack, key, registry, mirror] = await Promise.all([
      slackSink(),
      cosignKey(dir, 'release'),
      startRegistry({ notify: notify('main'), auth: publisher, accounts: [attacker] }),
      startRegistry({ notify: notify('mirror') }),
    ]);
    const home = makeHome({
      password: publisher.password,
      'tidewaiter.yaml': `
registries:
  - { name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${hookSecret}, allowPrivate: true,
      credentials: { username: ${publisher.username}, passwordFile: password } }
  - { name: mirror, kind: distribution, url: "${mirror.url}", webhookSecret: ${hookSecret}, allowPrivate: true }
signatureGrace: 5s
admission: { mode: enforce, allowUnauthenticated: true }
`,
      'routing.yaml': `
route: { receiver: security, group_by: [repository, tag] }
receivers:
  - name: security
    slack_configs: [ { app_token: xoxb-test, app_url: "${slack.apiUrl}/chat.postMessage", channel: ${channel} } ]
`,
    });
    tidewaiter = await startTidewaiter(home, ingestPort);
    const advisories = [{ id: 'CVE-2026-1001', package: 'zlib1g', fixed: '1:1.2.13', severity: 'LOW' as const }];
    await tidewaiter.command('advisories', 'import', writeAdvisories(temporaryFolder(), advisories));
  }, 120_000);

  afterAll(async () => {
    await tidewaiter?.stop();
    await Promise.all([registry?.stop(), mirror?.stop(), slack?.stop()]);
    await removeFolders();
  });

  /** An image with content that was never pushed before. */
  async function image(): Promise<string> {
    const layout = temporaryFolder();
    await buildImage(layout, {
      layers: [[debian13, dpkgStatus({ zlib1g: '1:1.2.13' }), { path: 'app/id', content: randomUUID() }]],
      config: hardened,
    });
    return `oci:${layout}:latest`;
  }

  async function sign(digest: string): Promise<void> {
    await cosignSign(dir, key, `${registry.host}/${repository}@${digest}`, ...cosignAccount);
  }

  const cosignAccount = ['--registry-username', publisher.username, '--registry-password', publisher.password];

  async function pushes(): Promise<Push[]> {
    return (await tidewaiter.api<{ items: Push[] }>('/pushes?limit=200')).items;
  }

  async function analyzed(of: string, tag: string, digest: string): Promise<Push> {
    let found: Push | undefined;
    await until(`${of}:${tag} is analyzed`, async () => {
      found = (await pushes()).find((push) => push.repository === of && push.tag === tag && push.digest === digest);
      return found?.state === 'analyzed';
    });
    return found!;
  }

  async function supplyChain(digest: string): Promise<Finding[]> {
    const { items } = await tidewaiter.api<{ items: Finding[] }>(`/images/${digest}/findings`);
    return items.filter(({ kind }) => kind === 'supply-chain');
  }

  async function incidents(): Promise<Incident[]> {
    return (await tidewaiter.api<{ items: Incident[] }>('/incidents')).items;
  }

  const posts = () => slack.channel(channel).filter(({ thread_ts: thread }) => thread === undefined);

  async function admits(reference: string): Promise<{ allowed: boolean; status?: { message: string } }> {
    const object = { spec: { containers: [{ image: reference }] } };
    const review = {
      ...{ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
      request: { uid: 'u', operation: 'CREATE', object },
    };
    const answer = await fetch(`${tidewaiter.consoleUrl}/admission/validate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(review),
    });
    return ((await answer.json()) as { response: { allowed: boolean; status?: { message: string } } }).response;
  }

  let clean: string;

  it('reports nothing about nine releases signed by one identity', async () => {
    for (const tag of releases) {
      clean = await pushImage(registry, `${repository}:${tag}`, await image());
      await sign(clean);
      const name = `${registry.host}/${repository}@${clean}`;
      await cosignAttest(dir, key, name, 'slsaprovenance1', provenance, ...cosignAccount);
      expect(await analyzed(repository, tag, clean)).toMatchObject({ pushedBy: publisher.username });
    }
    await until('signatures were looked at', async () => (await pushes()).every(({ state }) => isFinal(state)));
    await quiet();
    expect(await incidents()).toEqual([]);
    expect(posts()).toEqual([]);
    expect(await admits(`${registry.host}/${repository}:v1`)).toEqual(expect.objectContaining({ allowed: true }));
  }, 180_000);

  it('makes one incident and one message of six moved tags, and denies admission', async () => {
    const evil = await image();
    let digest = '';
    for (const tag of moved) digest = await pushImage(registry, `${repository}:${tag}`, evil, attacker);
    for (const tag of moved)
      expect(await analyzed(repository, tag, digest)).toMatchObject({ pushedBy: attacker.username });
    await until('Slack has the message', () => posts().length > 0);
    await quiet();
    await quiet();
    expect(await incidents()).toMatchObject([
      { severity: 'critical', title: expect.stringMatching(/^6 release tags moved by mallory/) as string },
    ]);
    expect(posts()).toHaveLength(1);
    const text = JSON.stringify(posts()[0]);
    for (const tag of moved) expect(text).toContain(`${repository}:${tag} moved from sha256:`);
    for (const tag of ['v1', 'v2', 'v9']) expect(text).not.toContain(`${repository}:${tag} moved`);
    for (const tag of moved)
      expect(await admits(`${registry.host}/${repository}:${tag}`)).toMatchObject({ allowed: false });
    expect(await admits(`${registry.host}/${repository}:v9`)).toMatchObject({ allowed: true });
  }, 180_000);

  it.each<[string, string, boolean]>([
    ['v10', 'Signature and provenance missing, previously always present', false],
    ['v11', 'Provenance missing, previously always present', true],
  ])(
    'reports %s: %s',
    async (tag, title, isSigned) => {
      const before = posts().length;
      const digest = await pushImage(registry, `${repository}:${tag}`, await image());
      if (isSigned) await sign(digest);
      await analyzed(repository, tag, digest);
      await until('it is flagged', async () => (await supplyChain(digest)).some(({ title: each }) => each === title));
      expect(await supplyChain(digest)).toMatchObject([{ id: 'identity-missing', severity: 'high' }]);
      await until('Slack has the message', () => posts().length > before, 90_000);
      expect(JSON.stringify(posts().at(-1))).toContain(title);
      await until('admission denies it', async () => !(await admits(`${registry.host}/${repository}:${tag}`)).allowed);
      expect((await admits(`${registry.host}/${repository}@${digest}`)).allowed).toBe(false);
    },
    180_000,
  );

  it('reports v12 with another key, and names both keys, without a configured one', async () => {
    const before = posts().length;
    const other = await cosignKey(dir, 'other');
    const digest = await pushImage(registry, `${repository}:v12`, await image());
    const name = `${registry.host}/${repository}@${digest}`;
    await cosignSign(dir, other, name, ...cosignAccount);
    await cosignAttest(dir, other, name, 'slsaprovenance1', provenance, ...cosignAccount);
    await until('it is flagged', async () => (await supplyChain(digest)).some(({ id }) => id === 'identity-changed'));
    await until('its provenance is found', async () => (await supplyChain(digest)).length === 1);
    const [found] = await supplyChain(digest);
    expect(found).toMatchObject({
      severity: 'high',
      evidence: { deviations: [{ what: 'signer', before: [`key ${fingerprintOf(key)}`] }] },
    });
    expect(JSON.stringify(found)).toContain(`key ${fingerprintOf(other)}`);
    await until('Slack has the message', () => posts().length > before, 90_000);
    expect(JSON.stringify(posts().at(-1))).toContain(`previously always key ${fingerprintOf(key).slice(0, 19)}`);
  }, 120_000);

  it('reports other content under the same path and tag in another registry', async () => {
    const before = posts().length;
    const digest = await pushImage(mirror, `${repository}:v9`, await image());
    await analyzed(repository, 'v9', digest);
    await until('it is found', async () => (await supplyChain(digest)).some(({ id }) => id === 'release-tag-differs'));
    expect((await supplyChain(digest)).find(({ id }) => id === 'release-tag-differs')).toMatchObject({
      severity: 'high',
      evidence: { tag: 'v9', otherDigest: clean },
    });
    await until('Slack has the message', () => posts().length > before, 90_000);
    expect(JSON.stringify(posts().at(-1))).toContain('v9');
  }, 120_000);
});

/** SHA-256 of a public key's SPKI. */
function fingerprintOf({ publicKey }: CosignKey): string {
  const spki = createPublicKey(publicKey).export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}

function isFinal(state: string): boolean {
  return ['analyzed', 'not-an-image', 'refused', 'dead-lettered'].includes(state);
}
