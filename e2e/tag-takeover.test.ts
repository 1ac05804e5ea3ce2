import { randomUUID } from 'node:crypto';

import { freePort } from '@tidewaiter/servers';
import {
  buildImage,
  type CosignKey,
  cosignKey,
  cosignSign,
  hasCosign,
  hasRegistry,
  pushImage,
  slackSink,
  type SlackSink,
  startRegistry,
  type TestRegistry,
} from '@tidewaiter/testkit';

import { debian12 } from './fixtures.js';
import {
  makeHome,
  quiet,
  removeFolders,
  startTidewaiter,
  temporaryFolder,
  type Tidewaiter,
  until,
} from './tidewaiter.js';

// Somebody with the credentials of a publisher moves released tags to an image that nobody signed.

interface Push {
  repository: string;
  tag: string | null;
  digest: string | null;
  state: string;
  verdict: string | null;
}

interface Incident {
  severity: string;
  title: string;
  findings: string[];
}

const hookSecret = 'hook-secret-of-the-test';
const channel = 'C0000001';
const repository = 'rel/tool';
const releases = ['v1', 'v2', 'v3', 'v4'];

(hasRegistry && hasCosign ? describe : describe.skip)('released tags that are taken over', () => {
  let dir: string;
  let slack: SlackSink;
  let registry: TestRegistry;
  let tidewaiter: Tidewaiter;
  let key: CosignKey;

  beforeAll(async () => {
    dir = temporaryFolder();
    const ingestPort = await freePort();
    [slack, key] = await Promise.all([slackSink(), cosignKey(dir, 'release')]);
    registry = await startRegistry({
      notify: {
        url: `http://127.0.0.1:${ingestPort}/hooks/registry/main`,
        headers: { Authorization: `Bearer ${hookSecret}` },
      },
    });
    const home = makeHome({
      'tidewaiter.yaml': `
registries:
  - { name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${hookSecret}, allowPrivate: true }
identity: { graceSeconds: 5 }
`,
      'routing.yaml': `
route: { receiver: security, group_by: [repository, tag] }
receivers:
  - name: security
    slack_configs: [ { app_token: xoxb-test, app_url: "${slack.apiUrl}/chat.postMessage", channel: ${channel} } ]
`,
    });
    tidewaiter = await startTidewaiter(home, ingestPort);
  }, 120_000);

  afterAll(async () => {
    await tidewaiter?.stop();
    await Promise.all([registry?.stop(), slack?.stop()]);
    await removeFolders();
  });

  /** An image with content that nobody has seen. */
  async function image(): Promise<string> {
    const layout = temporaryFolder();
    await buildImage(layout, { layers: [[debian12, { path: 'app/id', content: randomUUID() }]] });
    return `oci:${layout}:latest`;
  }

  async function analyzed(count: number): Promise<Push[]> {
    let pushes: Push[] = [];
    await until(`${count} pushes are analyzed`, async () => {
      const { items } = await tidewaiter.api<{ items: Push[] }>('/pushes?limit=200');
      pushes = items.filter(({ tag, state }) => tag?.startsWith('v') && state === 'analyzed');
      return pushes.length >= count;
    });
    return pushes;
  }

  it('are one critical incident and one message, though no signers are configured', async () => {
    for (const tag of releases) {
      const digest = await pushImage(registry, `${repository}:${tag}`, await image());
      await cosignSign(dir, key, `${registry.host}/${repository}@${digest}`);
    }
    await analyzed(releases.length);
    await until('signatures were looked at', async () => {
      const { items } = await tidewaiter.api<{ items: { state: string }[] }>('/pushes?limit=200');
      return items.length >= 2 * releases.length && items.every(({ state }) => ['analyzed', 'refused'].includes(state));
    });
    await quiet();
    const before = slack.channel(channel).length;
    const evil = await image();
    for (const tag of releases) await pushImage(registry, `${repository}:${tag}`, evil);
    const moved = (await analyzed(2 * releases.length)).slice(0, releases.length);
    expect(moved.map(({ verdict }) => verdict)).toEqual(releases.map(() => 'fail'));
    await until('the incident is reported', async () => slack.channel(channel).length > before, 60_000);
    const { items } = await tidewaiter.api<{ items: Incident[] }>('/incidents');
    expect(items).toMatchObject([
      { severity: 'critical', title: expect.stringMatching(/^4 release tags moved/) as string },
    ]);
    await quiet();
    const posts = slack.channel(channel).slice(before);
    expect(posts).toHaveLength(1);
    const text = JSON.stringify(posts[0]);
    for (const tag of releases) expect(text).toContain(`${repository}:${tag} moved from sha256:`);
    expect(text).toContain('Signature missing, previously always present');
  }, 180_000);

  it('leave the alarm armed: a new version without a signature is reported', async () => {
    const before = slack.channel(channel).length;
    await pushImage(registry, `${repository}:v10`, await image());
    await until('the push is reported', async () => slack.channel(channel).length > before, 90_000);
    expect(JSON.stringify(slack.channel(channel).at(-1))).toContain('v10');
  }, 120_000);
});
