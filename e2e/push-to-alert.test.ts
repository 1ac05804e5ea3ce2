import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { freePort } from '@tidewaiter/servers';
import {
  buildImage,
  buildIndex,
  describeWith,
  type HttpSink,
  itWith,
  mailSink,
  type MailSink,
  programs,
  pushImage,
  sharedData,
  slackSink,
  type SlackSink,
  startRegistry,
  type TestRegistry,
  webhookSink,
} from '@tidewaiter/testkit';

import { debian13, dpkgStatus, hardened, writeAdvisories } from './fixtures.js';
import {
  makeHome,
  quiet,
  removeFolders,
  startTidewaiter,
  temporaryFolder,
  type Tidewaiter,
  until,
} from './tidewaiter.js';

interface List<Item> {
  items: Item[];
}

interface Push {
  id: string;
  repository: string;
  tag: string | null;
  digest: string | null;
  artifact: string;
  state: string;
  verdict: string | null;
  code: string | null;
  counts: Record<string, number> | null;
}

const hookSecret = 'hook-secret-of-the-test';
const falcoToken = 'falco-token-of-the-test';

let slack: SlackSink;
/** Slack as a bot sees it; the other one is an incoming webhook. */
let bot: SlackSink;
let mail: MailSink;
let webhook: HttpSink;
let registry: TestRegistry;
let tidewaiter: Tidewaiter;

/**
 * Pushes an image with these Debian packages, and optionally more, as `name`; returns its digest.
 */
async function push(name: string, packages: Record<string, string>, { app = '', config = {} } = {}): Promise<string> {
  const dir = temporaryFolder();
  const script = app === '' ? [] : [[{ path: 'app/run.sh', content: app }]];
  await buildImage(dir, {
    layers: [[debian13], [dpkgStatus(packages)], ...script],
    config: { ...hardened, ...config },
  });
  return pushImage(registry, name, `oci:${dir}:latest`);
}

/** Pushes a signature like cosign: an image manifest whose only layer is the signed text. */
async function pushSignature(repository: string, tag: string): Promise<void> {
  const upload = async (mediaType: string, text: string) => {
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    const begun = await fetch(`${registry.url}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const place = new URL(begun.headers.get('location')!, registry.url);
    place.searchParams.set('digest', digest);
    expect((await fetch(place, { method: 'PUT', body: text })).status).toBe(201);
    return { mediaType, digest, size: text.length };
  };
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const config = await upload('application/vnd.oci.image.config.v1+json', '{"rootfs":{"type":"layers","diff_ids":[]}}');
  const layer = await upload('application/vnd.dev.cosign.simplesigning.v1+json', '{"critical":{"type":"cosign"}}');
  const answer = await fetch(`${registry.url}/v2/${repository}/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [layer] }),
  });
  expect(answer.status).toBe(201);
}

async function pushes(): Promise<Push[]> {
  const paths = ['/pushes?limit=200', '/pushes?limit=200&state=not-an-image'];
  const lists = await Promise.all(paths.map((path) => tidewaiter.api<List<Push>>(path)));
  return lists.flatMap(({ items }) => items).toSorted((a, b) => (a.id < b.id ? 1 : -1));
}

const finalStates = ['analyzed', 'not-an-image', 'refused', 'dead-lettered'];

/** Waits until every push of a repository has ended; returns them, newest first. */
async function ended(repository: string, count: number): Promise<Push[]> {
  let found: Push[] = [];
  await until(`${count} pushes of ${repository} have ended`, async () => {
    found = (await pushes()).filter((each) => each.repository === repository);
    return found.length >= count && found.every(({ state }) => finalStates.includes(state));
  });
  return found;
}

describeWith(programs('docker-registry', 'skopeo'))('push to alert', () => {
  beforeAll(async () => {
    [slack, bot, mail, webhook] = await Promise.all([slackSink(), slackSink(), mailSink(), webhookSink()]);
    const ingestPort = await freePort();
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
sensors:
  - { name: falco-eu1, kind: falco, cluster: eu1, token: ${falcoToken} }
`,
      'routing.yaml': `
global:
  smtp_smarthost: 127.0.0.1:${mail.port}
  smtp_from: tidewaiter@example.com
  smtp_require_tls: false
route:
  receiver: security
  group_by: [repository, digest, rule_of_incident]
  routes:
    - receiver: security
      matchers: [ 'kind =~ "vulnerability|incident"' ]
      continue: true
    - receiver: audit
receivers:
  - name: security
    slack_configs: [ { api_url: "${slack.webhookUrl}" } ]
    email_configs: [ { to: security@example.com } ]
  - name: audit
    webhook_configs: [ { url: "${webhook.url}" } ]
    slack_configs: [ { app_token: xoxb-of-the-test, app_url: "${bot.apiUrl}/chat.postMessage", channel: C012345 } ]
`,
    });
    tidewaiter = await startTidewaiter(home, ingestPort);
    const folder = writeAdvisories(join(home, 'osv'), [
      { id: 'CVE-2026-1001', package: 'openssl', fixed: '3.0.17-1', severity: 'CRITICAL' },
      { id: 'CVE-2026-1002', package: 'openssl', fixed: '3.0.16-1', severity: 'HIGH' },
      { id: 'CVE-2026-1003', package: 'zlib', severity: 'HIGH' },
      { id: 'CVE-2026-1004', package: 'bash', fixed: '5.3-1', severity: 'MEDIUM' },
    ]);
    await tidewaiter.command('advisories', 'import', folder);
  }, 240_000);

  afterAll(async () => {
    await tidewaiter?.stop();
    await Promise.all([registry?.stop(), slack?.stop(), bot?.stop(), mail?.stop(), webhook?.stop()]);
    await removeFolders();
  });

  describe('a pushed image with vulnerabilities', () => {
    let digest: string;

    beforeAll(async () => {
      digest = await push('shop/checkout:1.4', { openssl: '3.0.15-1', bash: '5.2-1', coreutils: '9.1-1' });
      await ended('shop/checkout', 1);
      await Promise.all([slack, bot, mail, webhook].map(async (sink) => sink.waitFor(1)));
    });

    it('is announced once in Slack, with the upgrade that fixes it', async () => {
      await quiet();
      expect(slack.received).toHaveLength(1);
      const text = JSON.stringify(slack.received[0]!.body);
      expect(text).toContain('shop/checkout:1.4');
      expect(text).toContain('openssl');
      expect(text).toContain('3.0.17-1');
      expect(text).toContain('CVE-2026-1001');
      expect(text).toContain('CVE-2026-1002');
      expect(text).not.toContain('CVE-2026-1004');
    });

    it('is announced once by the bot, in its channel and under its delivery id', () => {
      expect(bot.received).toHaveLength(1);
      expect(bot.received[0]!.headers.authorization).toBe('Bearer xoxb-of-the-test');
      expect(bot.received[0]!.body).toMatchObject({
        channel: 'C012345',
        metadata: { event_payload: { delivery_id: expect.any(String) } },
      });
    });

    it('is announced once by mail, in text and HTML', () => {
      expect(mail.received).toHaveLength(1);
      const [{ recipients, mail: message }] = mail.received as [(typeof mail.received)[number]];
      expect(recipients).toEqual(['security@example.com']);
      expect(message.subject).toMatch(/Critical.*shop\/checkout:1\.4/);
      expect(message.messageId).toBeTruthy();
      for (const part of [message.text, message.html]) expect(part).toContain('3.0.17-1');
    });

    it('is announced once by webhook, in the form of Alertmanager', () => {
      expect(webhook.received).toHaveLength(1);
      expect(webhook.received[0]!.body).toMatchObject({
        version: '4',
        receiver: 'audit',
        status: 'firing',
        alerts: expect.arrayContaining([
          expect.objectContaining({
            labels: expect.objectContaining({ rule: 'CVE-2026-1001', severity: 'critical', new: 'true' }),
          }),
        ]),
      });
    });

    it('has its verdict, findings and packages in the API', async () => {
      const [pushed] = await ended('shop/checkout', 1);
      expect(pushed).toMatchObject({
        digest,
        tag: '1.4',
        state: 'analyzed',
        verdict: 'fail',
        counts: { critical: 1, high: 1, medium: 1 },
      });
      const findings = await tidewaiter.api<List<{ id: string; layer: number; fix: unknown }>>(
        `/images/${digest}/findings`,
      );
      expect(findings.items.map(({ id }) => id)).toEqual(['CVE-2026-1001', 'CVE-2026-1002', 'CVE-2026-1004']);
      expect(findings.items[0]).toMatchObject({ layer: 1, fix: { state: 'fixed', version: '3.0.17-1' } });
      const packages = await tidewaiter.api<List<{ purl: string }>>(`/images/${digest}/packages`);
      expect(packages.items.map(({ purl }) => purl)).toContain(
        'pkg:deb/debian/openssl@3.0.15-1?arch=amd64&distro=debian-13',
      );
      const deliveries = await tidewaiter.api<List<{ channel: string; state: string }>>('/deliveries');
      expect(deliveries.items.map(({ channel, state }) => `${channel} ${state}`).toSorted()).toEqual([
        'email sent',
        'slack sent',
        'slack sent',
        'webhook sent',
      ]);
    });

    it('has one trace id from the webhook to every message', () => {
      const log = tidewaiter.log();
      const scan = log.find(({ message, repository }) => message === 'scan done' && repository === 'shop/checkout');
      const messages = log.filter((line) => line['trace_id'] === scan?.['trace_id']).map(({ message }) => message);
      expect(messages).toContain('webhook');
      expect(messages.filter((message) => message === 'delivery done')).toHaveLength(4);
    });

    it('is not announced again when the same is pushed again', async () => {
      expect(await push('shop/checkout:1.4', { openssl: '3.0.15-1', bash: '5.2-1', coreutils: '9.1-1' })).toBe(digest);
      const all = await ended('shop/checkout', 2);
      expect(all.map((each) => each.digest)).toEqual([digest, digest]);
      await quiet();
      expect([slack, bot, mail, webhook].map(({ received }) => received.length)).toEqual([1, 1, 1, 1]);
    });

    it('is announced by its changes when the tag gets another digest', async () => {
      await push(
        'shop/checkout:1.4',
        { openssl: '3.0.17-1', zlib: '1.3-1', bash: '5.2-1' },
        { app: '#!/bin/sh\ncurl -s https://drop.shop-two.io/ | cat\n', config: { Entrypoint: ['/app/run.sh'] } },
      );
      const [moved] = await ended('shop/checkout', 3);
      const [, second] = await slack.waitFor(2);
      const text = JSON.stringify(second!.body);
      expect(text).toContain('CVE-2026-1003');
      expect(text).toMatch(/[Ff]ix(ed|es)[^"]*/);
      expect(text).toContain('CVE-2026-1001');
      const [, secondMail] = await mail.waitFor(2);
      expect(secondMail!.mail.text).toContain('zlib');
      for (const body of [text, secondMail!.mail.text]) {
        expect(body).toContain('What changed');
        expect(body).toContain('none → /app/run.sh');
        expect(body).toContain('drop[.]shop-two[.]io');
      }
      expect(await tidewaiter.api(`/pushes/${moved!.id}/changes`)).toMatchObject({
        isComplete: true,
        packages: { added: 1, removed: 1, changed: 1 },
        hosts: { items: [{ host: 'drop.shop-two.io', namedIn: ['app/run.sh'] }] },
      });
      await quiet();
      expect(slack.received).toHaveLength(2);
    });
  });

  const alpine = sharedData('corpus/data/alpine/alpine-minirootfs-3.18.9-x86_64.tar.gz');
  const packagesOfAlpine = sharedData('corpus/truth/alpine-3.18.json');

  itWith(alpine, packagesOfAlpine)(
    'finds exactly the packages of a real Alpine',
    async () => {
      const dir = temporaryFolder();
      await buildImage(dir, { layers: [gunzipSync(readFileSync(alpine.path))], compression: 'zstd' });
      const digest = await pushImage(registry, 'base/alpine:3.18', `oci:${dir}:latest`);
      const [pushed] = await ended('base/alpine', 1);
      // It is past its end of life.
      expect(pushed).toMatchObject({ state: 'analyzed', verdict: 'fail' });
      const { items } = await tidewaiter.api<List<{ name: string; version: string }>>(`/images/${digest}/packages`);
      const truth = JSON.parse(readFileSync(packagesOfAlpine.path, 'utf8')) as {
        packages: { name: string; version: string }[];
      };
      const named = (packages: { name: string; version: string }[]) =>
        packages.map(({ name, version }) => `${name} ${version}`).toSorted();
      expect(named(items)).toEqual(named(truth.packages));
    },
    40_000,
  );

  it('announces an image of several platforms in one message', async () => {
    const before = slack.received.length;
    const dir = temporaryFolder();
    const spec = (platform: string) => ({
      platform,
      layers: [[debian13], [dpkgStatus({ openssl: '3.0.10-1', [platform.slice(6)]: '1' })]],
    });
    await buildIndex(dir, [spec('linux/amd64'), spec('linux/arm64')]);
    await pushImage(registry, 'shop/gateway:2', `oci:${dir}:latest`);
    await until('the index has its verdict', async () =>
      (await pushes()).some(
        (each) => each.repository === 'shop/gateway' && each.tag === '2' && each.state === 'analyzed',
      ),
    );
    await slack.waitFor(before + 1);
    await quiet();
    expect(slack.received).toHaveLength(before + 1);
    expect(JSON.stringify(slack.received.at(-1)!.body)).toContain('arm64');
  });

  describe('a pushed image with a key in a layer', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const body = pem.split('\n')[1]!;

    it('is announced with the place of the key, and without the key', async () => {
      // Its route is for vulnerabilities and incidents; everything else goes to the other receiver.
      const before = bot.received.length;
      const dir = temporaryFolder();
      const removed = { path: 'app/.wh.key.pem' };
      await buildImage(dir, {
        layers: [[debian13], [{ path: 'app/key.pem', content: pem }], [removed]],
        config: hardened,
      });
      const digest = await pushImage(registry, 'shop/leaky:1', `oci:${dir}:latest`);
      const [pushed] = await ended('shop/leaky', 1);
      expect(pushed).toMatchObject({ state: 'analyzed', verdict: 'fail' });
      const { items } = await tidewaiter.api<List<object>>(`/images/${digest}/findings`);
      expect(items).toMatchObject([
        {
          kind: 'secret',
          id: 'private-key',
          path: 'app/key.pem',
          layer: 1,
          state: 'shadowed',
          evidence: { removedInLayer: 2 },
        },
      ]);
      const message = (await bot.waitFor(before + 1)).at(-1)!;
      expect(JSON.stringify(message.body)).toContain('app/key.pem');
      expect(JSON.stringify([items, message.body, tidewaiter.log()])).not.toContain(body);
    });
  });

  describe('a push under the tag of a signature', () => {
    const tag = `sha256-${'a'.repeat(64)}.sig`;

    it('is recognized as a signature by its content', async () => {
      const before = slack.received.length;
      await pushSignature('shop/signed', tag);
      const [pushed] = await ended('shop/signed', 1);
      expect(pushed).toMatchObject({ state: 'not-an-image', code: 'NOT_AN_IMAGE', artifact: 'signature' });
      await quiet();
      expect(slack.received).toHaveLength(before);
    });

    it('is analyzed if it is an image', async () => {
      await push(`shop/disguised:${tag}`, { openssl: '3.0.17-1' });
      const [pushed] = await ended('shop/disguised', 1);
      expect(pushed).toMatchObject({ state: 'analyzed', artifact: 'image' });
    });
  });

  it('is refused with a reason if it is neither', async () => {
    const dir = temporaryFolder();
    await buildIndex(dir, [{ layers: [[debian13]], platform: 'windows/amd64' }]);
    await pushImage(registry, 'shop/windows:1', `oci:${dir}:latest`);
    const tagged = (await ended('shop/windows', 2)).find(({ tag }) => tag === '1');
    expect(tagged).toMatchObject({ state: 'refused', code: 'NO_PLATFORM' });
  });

  describe("an operator's Falco rule about a container of that image", () => {
    const falco = (time: string) => ({
      uuid: randomUUID(),
      output: `${time}: Critical A shell in a container that has none`,
      priority: 'Critical',
      rule: 'Shell where none belongs',
      time,
      source: 'syscall',
      hostname: 'node-1',
      tags: ['T1059', 'container', 'shell'],
      output_fields: {
        'container.id': '0123456789ab',
        'container.name': 'checkout',
        'container.image.repository': `${registry.host}/shop/checkout`,
        'container.image.tag': '1.4',
        'k8s.ns.name': 'shop',
        'k8s.pod.name': 'checkout-7d4c',
        'proc.name': 'bash',
        'proc.cmdline': 'bash -i',
        'user.name': 'root',
      },
    });

    const report = (event: unknown) =>
      fetch(`${tidewaiter.ingestUrl}/hooks/runtime/falco-eu1`, {
        method: 'POST',
        headers: { authorization: `Bearer ${falcoToken}`, 'content-type': 'application/json' },
        body: JSON.stringify(event),
      });

    it('is one incident with one message, with the known image', async () => {
      const before = slack.received.length;
      // A tag means the image that it pointed to at the time of the event.
      for (const digit of ['1', '2', '3']) {
        const answer = await report(falco(`${new Date().toISOString().slice(0, -1)}45678${digit}Z`));
        expect(answer.status).toBe(202);
      }
      await slack.waitFor(before + 1);
      let incidents: { id: string; title: string; count: number; imageDigest: string | null; state: string }[] = [];
      await until('three events are counted', async () => {
        incidents = (await tidewaiter.api<List<(typeof incidents)[number]>>('/incidents')).items;
        return incidents[0]?.count === 3;
      });
      const [newest] = await ended('shop/checkout', 3);
      expect(incidents).toMatchObject([{ state: 'open', imageDigest: newest!.digest }]);
      await quiet();
      expect(slack.received).toHaveLength(before + 1);
      const text = JSON.stringify(slack.received.at(-1)!.body);
      expect(text).toContain('Shell where none belongs');
      expect(text).toContain('shop/checkout');
    });

    it('is rejected without the token', async () => {
      const answer = await fetch(`${tidewaiter.ingestUrl}/hooks/runtime/falco-eu1`, { method: 'POST', body: '{}' });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
    });
  });

  it('rejects API reads without a token', async () => {
    const answer = await fetch(`${tidewaiter.consoleUrl}/api/v1/pushes`);
    expect(answer.status).toBe(401);
  });

  describe('an advisory that is published after the scan', () => {
    it('is announced once in Slack without a pull, and updates the verdict', async () => {
      await push('shop/search:1', { curl: '8.5.0-1' });
      expect(await ended('shop/search', 1)).toMatchObject([{ verdict: 'pass' }]);
      // From here on no image can be pulled.
      await registry.stop();
      const before = [slack.received.length, mail.received.length] as const;
      const advisory = { id: 'CVE-2026-2001', package: 'curl', fixed: '8.5.1-1', severity: 'CRITICAL' as const };
      await tidewaiter.command('advisories', 'import', writeAdvisories(temporaryFolder(), [advisory]));
      const slackText = JSON.stringify((await slack.waitFor(before[0] + 1)).at(-1)!.body);
      for (const part of ['CVE-2026-2001', 'shop/search:1', 'curl', '8.5.1-1']) expect(slackText).toContain(part);
      const { mail: message } = (await mail.waitFor(before[1] + 1)).at(-1)!;
      expect(message.subject).toMatch(/Critical.*CVE-2026-2001 in curl: shop\/search:1/);
      await until('the verdict follows', async () => (await ended('shop/search', 1))[0]!.verdict === 'fail');
      await quiet();
      expect(slack.received).toHaveLength(before[0] + 1);
    });
  });
});
