import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import { freePort } from '@tidewaiter/servers';
import {
  buildImage,
  type CosignKey,
  cosignKey,
  cosignSign,
  describeWith,
  httpSink,
  type HttpSink,
  programs,
  pushImage,
  slackSink,
  type SlackSink,
  startRegistry,
  type TestRegistry,
} from '@tidewaiter/testkit';

import { debian13, dpkgStatus, writeAdvisories } from './fixtures.js';
import { makeHome, removeFolders, startTidewaiter, temporaryFolder, type Tidewaiter, until } from './tidewaiter.js';

interface Push {
  repository: string;
  state: string;
  verdict: string | null;
}

interface WebhookAlert {
  status: string;
  labels: Record<string, string>;
}

const hookSecret = 'hook-secret-of-the-test';
const channel = 'C0000001';

describeWith(programs('docker-registry', 'skopeo', 'cosign'))('a pipeline that signs after it pushes', () => {
  let dir: string;
  let registry: TestRegistry;
  let slack: SlackSink;
  let webhook: HttpSink;
  let tidewaiter: Tidewaiter;
  let release: CosignKey;

  beforeAll(async () => {
    dir = temporaryFolder();
    const ingestPort = await freePort();
    [slack, webhook, release] = await Promise.all([
      slackSink(),
      httpSink(() => ({ status: 200, body: 'ok' })),
      cosignKey(dir, 'release'),
    ]);
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
signatureGrace: 20s
`,
      'routing.yaml': `
route: { receiver: security }
receivers:
  - name: security
    slack_configs: [ { app_token: xoxb-test, app_url: "${slack.apiUrl}/chat.postMessage", channel: ${channel} } ]
    webhook_configs: [ { url: "${webhook.url}", send_resolved: true } ]
`,
    });
    tidewaiter = await startTidewaiter(home, ingestPort);
    const advisories = writeAdvisories(join(home, 'osv'), [
      { id: 'CVE-2026-1001', package: 'openssl', fixed: '3.0.17-1', severity: 'HIGH' },
    ]);
    await tidewaiter.command('advisories', 'import', advisories);
  }, 120_000);

  afterAll(async () => {
    await tidewaiter?.stop();
    await Promise.all([registry?.stop(), slack?.stop(), webhook?.stop()]);
    await removeFolders();
  });

  async function push(name: string): Promise<string> {
    const layout = temporaryFolder();
    const openssl = dpkgStatus({ openssl: '3.0.15-1' });
    await buildImage(layout, { layers: [[debian13, openssl, { path: 'app/id', content: randomUUID() }]] });
    return pushImage(registry, name, `oci:${layout}:latest`);
  }

  /** Alerts about missing signatures that the webhook received for a repository. */
  function unsigned(repository: string): WebhookAlert[] {
    return webhook.received
      .flatMap(({ body }) => (body as { alerts: WebhookAlert[] }).alerts)
      .filter(({ labels }) => labels['rule'] === 'image-unsigned' && labels['repository'] === repository);
  }

  function posts(repository: string): string[] {
    return slack
      .channel(channel)
      .map((post) => JSON.stringify(post))
      .filter((text) => text.includes(repository));
  }

  async function verdictOf(repository: string): Promise<string | null> {
    const { items } = await tidewaiter.api<{ items: Push[] }>('/pushes?limit=200');
    return items.find((each) => each.repository === repository && each.state === 'analyzed')?.verdict ?? null;
  }

  it('reports only images as unsigned that are not signed in time', async () => {
    const digest = await push('signed/app:1');
    await push('signed/forgotten:1');
    await until('other findings are announced at once', async () => posts('signed/forgotten').length > 0);
    expect(posts('signed/forgotten')[0]).toContain('CVE-2026-1001');
    expect(posts('signed/forgotten')[0]).not.toContain('Not signed');
    expect(unsigned('signed/forgotten')).toEqual([]);
    await cosignSign(dir, release, `${registry.host}/signed/app@${digest}`);
    await until('the missing signature is announced', async () => unsigned('signed/forgotten').length > 0, 90_000);
    await until('in the channel, too', async () => posts('signed/forgotten').at(-1)!.includes('Not signed by release'));
    // Pushed before, and due before.
    expect(unsigned('signed/app')).toEqual([]);
    expect(posts('signed/app').join()).not.toContain('Not signed');
    expect(await verdictOf('signed/app')).not.toBeNull();
  }, 180_000);

  it('resolves the alert when the signature follows the announcement', async () => {
    const digest = await push('signed/late:1');
    await until('the missing signature is announced', async () => unsigned('signed/late').length > 0, 90_000);
    await cosignSign(dir, release, `${registry.host}/signed/late@${digest}`);
    await until('the alert is resolved', async () => unsigned('signed/late').at(-1)!.status === 'resolved', 90_000);
    expect(unsigned('signed/late').map(({ status }) => status)).toEqual(['firing', 'resolved']);
    // The bot, which does not receive resolutions, edits the message about it, and leaves the one
    // about the package.
    await until('its message is edited', async () => posts('signed/late').at(-1)!.includes('Signed by release on'));
    const [vulnerability, signature, ...others] = posts('signed/late');
    expect(vulnerability).toContain('CVE-2026-1001');
    expect(vulnerability).not.toContain('Signed by');
    expect(signature).toContain('Resolved · signed/late:1: signed by release after the push');
    expect(others).toEqual([]);
  }, 240_000);
});
