import { createHash, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from '@tidewaiter/servers';
import {
  buildImage,
  type CosignKey,
  cosignKey,
  cosignSign,
  describeWith,
  programs,
  pushImage,
  slackSink,
  type SlackSink,
  startRegistry,
  type TarEntry,
  type TestRegistry,
} from '@tidewaiter/testkit';

import { debian13, dpkgStatus, hardened, writeAdvisories } from '../fixtures.js';
import { postEvents, type RegistryRelay, registryRelay } from '../registry-relay.js';
import {
  makeHome,
  quiet,
  removeFolders,
  startTidewaiter,
  temporaryFolder,
  type Tidewaiter,
  until,
} from '../tidewaiter.js';

// Scenario A, like SUNSPOT and SUNBURST: a build is altered, signed with the trusted key, sleeps
// for two weeks and then calls home.

interface Push {
  id: string;
  repository: string;
  tag: string | null;
  digest: string;
  previousDigest: string | null;
  state: string;
  verdict: string | null;
}

interface Finding {
  kind: string;
  id: string;
  severity: string;
  path: string | null;
  evidence: Record<string, unknown>;
}

interface Incident {
  id: string;
  severity: string;
  state: string;
  title: string;
  imageDigest: string | null;
}

interface Container {
  pod: string;
  digest: string;
  isRunning: boolean;
}

const hookSecret = 'hook-secret-of-the-test';
const sensorToken = 'sensor-token-of-the-test';
const channel = 'C0000001';
const dayMs = 86_400_000;
/** Time for which the implant sleeps. */
const sleepMs = 14 * dayMs;

const site = 'usr/local/lib/python3.12/site-packages';
const libraryPath = 'opt/app/lib/libcore.so';
const modulePath = `${site}/acme_core/core.py`;
const base: TarEntry[] = [debian13, dpkgStatus({ zlib1g: '1:1.2.13' })];

const hash = (content: string) => createHash('sha256').update(content).digest();
/** Digest as in messages. */
const shortSha256 = (content: string) => sha256(content).slice(0, 'sha256:'.length + 12);
const sha256 = (content: string) => `sha256:${hash(content).toString('hex')}`;

/** A library that no package owns, and a wheel whose RECORD names the module as it was built. */
function application(library: string, module: string, recorded = 'version = 1\n'): TarEntry[] {
  const info = `${site}/acme_core-1.4.0.dist-info`;
  const entry = `acme_core/core.py,sha256=${hash(recorded).toString('base64url')},${recorded.length}`;
  return [
    { path: libraryPath, content: library, mode: 0o755 },
    { path: modulePath, content: module },
    { path: `${info}/METADATA`, content: 'Metadata-Version: 2.1\nName: acme-core\nVersion: 1.4.0\n' },
    {
      path: `${info}/RECORD`,
      content: `${entry}\nacme_core-1.4.0.dist-info/METADATA,,\nacme_core-1.4.0.dist-info/RECORD,,\n`,
    },
    { path: 'opt/app/run', content: '#!/bin/sh\nexec python3 -m acme_core\n', mode: 0o755 },
  ];
}

const clean = application('core as built', 'version = 1\n');

describeWith(programs('docker-registry', 'skopeo', 'cosign'))('scenario A', () => {
  let dir: string;
  let slack: SlackSink;
  let registry: TestRegistry;
  let relay: RegistryRelay;
  let tidewaiter: Tidewaiter;
  let key: CosignKey;
  /**
   * Shift of the registry's times: the builds are two weeks old when their runtime events arrive.
   */
  let shiftMs = 0;

  beforeAll(async () => {
    dir = temporaryFolder();
    const ingestPort = await freePort();
    [slack, key] = await Promise.all([slackSink(), cosignKey(dir, 'release')]);
    relay = await registryRelay(async (events) => {
      const shifted = events.map((event) => ({
        ...event,
        timestamp: new Date(Date.parse(event.timestamp) + shiftMs).toISOString(),
      }));
      await postEvents(`http://127.0.0.1:${ingestPort}/hooks/registry/main`, hookSecret, shifted);
    });
    registry = await startRegistry({ notify: relay.notify });
    const home = makeHome({
      'release.pub': key.publicKey,
      'tidewaiter.yaml': `
registries:
  - { name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${hookSecret}, allowPrivate: true, reconcile: { every: "0" } }
signers:
  - { name: release, keyFile: release.pub, repositories: ["shop/*"] }
signatureGrace: 10s
sensors:
  - { name: tetragon, kind: tetragon, cluster: eu1, token: ${sensorToken} }
  - { name: tracee, kind: tracee, cluster: eu1, token: ${sensorToken} }
  - { name: falco, kind: falco, cluster: eu1, token: ${sensorToken} }
  - { name: watch, kind: kubernetes-watch, cluster: eu1, token: ${sensorToken} }
`,
      'routing.yaml': `
route:
  receiver: none
  routes: [ { receiver: security, group_by: [repository, tag], matchers: [ 'severity =~ "critical|high"' ] } ]
receivers:
  - name: none
  - name: security
    slack_configs: [ { app_token: xoxb-test, app_url: "${slack.apiUrl}/chat.postMessage", channel: ${channel} } ]
`,
    });
    tidewaiter = await startTidewaiter(home, ingestPort);
    const advisories = [
      { id: 'CVE-2026-1001', package: 'zlib1g', fixed: '1:1.2.13', severity: 'LOW' as const },
      { id: 'CVE-2026-1002', ecosystem: 'PyPI', package: 'acme-core', fixed: '1.0.0', severity: 'LOW' as const },
    ];
    await tidewaiter.command('advisories', 'import', writeAdvisories(join(home, 'osv'), advisories));
    const { stdout: token } = await tidewaiter.command('tokens', 'create', 'gate');
    writeFileSync(join(dir, 'token'), token.trim());
  }, 180_000);

  afterAll(async () => {
    await registry?.stop();
    await relay?.stop();
    await tidewaiter?.stop();
    await slack?.stop();
    await removeFolders();
  });

  /**
   * Pushes an image of a revision and signs it a moment later, as pipelines do; returns the push
   * once it is analyzed.
   */
  async function release(name: string, revision: string, layer: TarEntry[]): Promise<Push> {
    const layout = temporaryFolder();
    const Labels = { 'org.opencontainers.image.revision': revision.repeat(40) };
    await buildImage(layout, { layers: [base, layer], config: { ...hardened, Entrypoint: ['/opt/app/run'], Labels } });
    const digest = await pushImage(registry, name, `oci:${layout}:latest`);
    const [repository] = name.split(':');
    await cosignSign(dir, key, `${registry.host}/${repository}@${digest}`);
    const push = await analyzed(repository!, digest);
    await until('the signature is verified', async () =>
      (await findings(digest)).every(({ id }) => id !== 'image-unsigned'),
    );
    return push;
  }

  async function analyzed(repository: string, digest: string): Promise<Push> {
    let found: Push | undefined;
    await until(`${repository}@${digest} is analyzed`, async () => {
      const { items } = await tidewaiter.api<{ items: Push[] }>('/pushes?limit=200');
      found = items.find((push) => push.repository === repository && push.digest === digest);
      return found?.state === 'analyzed';
    });
    return found!;
  }

  async function findings(digest: string): Promise<Finding[]> {
    return (await tidewaiter.api<{ items: Finding[] }>(`/images/${digest}/findings`)).items;
  }

  async function gate(image: string): Promise<number> {
    const flags = ['--server', tidewaiter.consoleUrl, '--token-file', join(dir, 'token')];
    return tidewaiter.command('gate', image, ...flags).then(
      () => 0,
      (error: { code: number }) => error.code,
    );
  }

  async function incidents(): Promise<Incident[]> {
    return (await tidewaiter.api<{ items: Incident[] }>('/incidents')).items;
  }

  const incident = (id: string) => tidewaiter.api<Incident & { imageFacts: object }>(`/incidents/${id}`);

  const posts = () => slack.channel(channel).filter(({ thread_ts: thread }) => thread === undefined);
  const postsAbout = (text: string) => posts().filter((post) => JSON.stringify(post).includes(text));

  async function report(sensor: string, ...events: object[]): Promise<void> {
    const answer = await fetch(`${tidewaiter.ingestUrl}/hooks/runtime/${sensor}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${sensorToken}`, 'content-type': 'application/json' },
      body: events.map((event) => JSON.stringify(event)).join('\n'),
    });
    expect([answer.status, await answer.text()]).toEqual([202, expect.any(String)]);
  }

  /**
   * Process id on the node, one for each pod: two processes with one id would join one incident.
   */
  const pidOf = (podName: string) => 4_000 + hash(podName).readUInt16BE();
  const containerOf = (podName: string) => hash(podName).toString('hex');
  const imageOf = (repository: string, digest: string) => `${registry.host}/${repository}@${digest}`;

  /** A pod as the watch of the API server reports it, named `app-<10 letters>-<5 letters>`. */
  function pod(name: string, repository: string, digest: string): object {
    const image = `${registry.host}/${repository}:1.4`;
    const replicaSet = name.slice(0, -6);
    const startedAt = new Date(Date.now() - sleepMs + 600_000).toISOString();
    return {
      type: 'ADDED',
      object: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: {
          ...{ name, namespace: 'shop', uid: randomUUID(), resourceVersion: '7', creationTimestamp: startedAt },
          labels: { app: 'app', 'pod-template-hash': replicaSet.split('-').at(-1) },
          ownerReferences: [{ kind: 'ReplicaSet', name: replicaSet, controller: true }],
        },
        spec: { nodeName: 'node-1', serviceAccountName: 'default', containers: [{ name: 'app', image }] },
        status: {
          phase: 'Running',
          containerStatuses: [
            {
              ...{ name: 'app', containerID: `containerd://${containerOf(name)}`, image },
              imageID: imageOf(repository, digest),
              state: { running: { startedAt } },
            },
          ],
        },
      },
    };
  }

  /** A DNS query as Tracee reports it. */
  function traceeQuery(podName: string, name: string): object {
    return {
      ...{ timestamp: Date.now() * 1_000_000, eventName: 'net_packet_dns_request', processName: 'run' },
      ...{ executable: { path: '/opt/app/run' }, hostProcessId: pidOf(podName), userId: 65_532, nodeName: 'node-1' },
      container: { id: containerOf(podName) },
      kubernetes: { podNamespace: 'shop', podName },
      args: [
        {
          ...{ name: 'dns_questions', type: 'trace.DnsQueryData' },
          value: [{ query: name, query_type: 'A', query_class: 'IN' }],
        },
      ],
    };
  }

  /** A connection as Tetragon reports it. */
  function tetragonConnect(podName: string, daddr: string): object {
    const time = new Date().toISOString();
    const process = {
      ...{ exec_id: Buffer.from(`node-1:1:${pidOf(podName)}`).toString('base64'), pid: pidOf(podName) },
      ...{ uid: 65_532, cwd: '/', binary: '/opt/app/run', arguments: '' },
      ...{ flags: 'execve clone', start_time: time, auid: 4_294_967_295, in_init_tree: true },
      pod: {
        ...{ namespace: 'shop', name: podName },
        container: { id: `containerd://${containerOf(podName)}`, name: 'app', start_time: time, pid: 1 },
      },
      docker: containerOf(podName).slice(0, 31),
    };
    const socket = {
      family: 'AF_INET',
      type: 'SOCK_STREAM',
      protocol: 'IPPROTO_TCP',
      saddr: '10.42.0.17',
      sport: 59_182,
    };
    const args = [{ sock_arg: { ...socket, daddr, dport: 443 } }];
    const kprobe = { process, function_name: 'tcp_connect', args, action: 'KPROBE_ACTION_POST' };
    return { node_name: 'node-1', time, process_kprobe: { ...kprobe, policy_name: 'egress-connect' } };
  }

  /** A connection whose host name a Falco rule of the operator reports. */
  function falcoConnect(podName: string, name: string): object {
    return {
      ...{ uuid: randomUUID(), rule: 'Outbound connection', priority: 'Notice', source: 'syscall', hostname: 'node-1' },
      ...{ time: new Date().toISOString(), tags: ['network'], output: `Notice Outbound connection to ${name}` },
      output_fields: {
        ...{ 'container.id': containerOf(podName).slice(0, 12), 'k8s.ns.name': 'shop', 'k8s.pod.name': podName },
        ...{ 'evt.type': 'connect', 'proc.name': 'run', 'proc.exepath': '/opt/app/run' },
        ...{ 'fd.sip': '203.0.113.80', 'fd.sport': 443, 'fd.sip.name': name, 'fd.l4proto': 'tcp' },
      },
    };
  }

  const implant = 'core with an implant';
  const beacon = 'version = 1\nimport beacon\n';
  /** Pods of the first and of the second digest of `shop/app:1.4`. */
  const cleanPod = 'app-5f6b7c8d9a-k2x9q';
  const alteredPods = ['app-6b7c8d9f5c-aaaaa', 'app-6b7c8d9f5c-bbbbb'] as const;
  let first: Push;
  let second: Push;

  it('reports an altered build of the same revision once, with both files, and fails the gate', async () => {
    shiftMs = -sleepMs;
    first = await release('shop/app:1.4', 'a', clean);
    await quiet();
    expect(posts()).toEqual([]);
    expect(await gate(imageOf('shop/app', first.digest))).toBe(0);

    second = await release('shop/app:1.4', 'a', application(implant, beacon));
    await until('Slack has the message', () => posts().length > 0);
    await until('the signature counts', async () => {
      const found = await findings(second.digest);
      return found.some(({ id, severity }) => id === 'same-revision-different-content' && severity === 'critical');
    });
    // (1) The tag was moved.
    expect(second.previousDigest).toBe(first.digest);
    const found = await findings(second.digest);
    const of = (id: string) => found.filter((each) => each.id === id);
    expect(of('release-tag-moved')).toMatchObject([{ evidence: { tag: '1.4', previousDigest: first.digest } }]);
    // (2) The same revision, different content.
    const changes = [
      { path: libraryPath, before: sha256('core as built'), after: sha256(implant) },
      { path: modulePath, before: sha256('version = 1\n'), after: sha256(beacon) },
    ];
    expect(of('same-revision-different-content')).toMatchObject([
      { evidence: { revision: 'a'.repeat(40), previousDigest: first.digest, changes, changesTotal: 2 } },
    ]);
    // (3) The wheel does not match its RECORD.
    expect(of('package-file-modified')).toMatchObject([
      { path: modulePath, evidence: { expected: [sha256('version = 1\n')], actual: sha256(beacon) } },
    ]);
    // (4) One alert, and the gate fails.
    await quiet();
    expect(posts()).toHaveLength(1);
    const message = JSON.stringify(posts()[0]);
    for (const { path, before, after } of changes)
      expect(message).toContain(`${path} ${before.slice(0, 19)} → ${after.slice(0, 19)}`);
    expect(message).toContain('Release tag 1.4 moved to different content');
    expect(await gate(`${registry.host}/shop/app:1.4`)).toBe(1);
    expect(await gate(imageOf('shop/app', second.digest))).toBe(1);
  }, 180_000);

  it('reports only the altered library that no package owns', async () => {
    const before = await release('shop/pure:1.4', 'b', clean);
    const altered = await release('shop/pure:1.4', 'b', application(implant, 'version = 1\n'));
    await until('Slack has the message', () => postsAbout('shop/pure').length > 0);
    await quiet();
    const [message, ...more] = postsAbout('shop/pure');
    expect(more).toEqual([]);
    expect(JSON.stringify(message)).toContain(
      `${libraryPath} ${shortSha256('core as built')} → ${shortSha256(implant)}`,
    );
    expect(altered.previousDigest).toBe(before.digest);
    expect(await gate(`${registry.host}/shop/pure:1.4`)).toBe(1);
  }, 180_000);

  it('reports nothing about an image of another revision', async () => {
    const messages = posts().length;
    const module = 'version = 2\n';
    const control = await release('shop/app:1.5', 'c', application('core of the next version', module, module));
    const worse = (await findings(control.digest)).filter(({ severity }) => severity !== 'negligible');
    expect(worse).toEqual([]);
    await quiet();
    expect(posts()).toHaveLength(messages);
    // Its signature, which arrived after it, counts by now.
    expect(await tidewaiter.api<{ verdict: string }>(`/pushes/${control.id}`)).not.toMatchObject({ verdict: 'fail' });
    expect(await gate(`${registry.host}/shop/app:1.5`)).toBe(0);
  }, 120_000);

  it('raises the incident to critical when the implant calls home two weeks later', async () => {
    await report(
      'watch',
      pod(cleanPod, 'shop/app', first.digest),
      ...alteredPods.map((name) => pod(name, 'shop/app', second.digest)),
    );
    const known = await incidents();
    const before = known.find(({ imageDigest }) => imageDigest === second.digest)!;
    const messages = posts().length;
    await report('tracee', traceeQuery(alteredPods[0], 'x7k2q9v4m1.appsync-api.example.com'));
    await until('the incident is critical', async () => (await incident(before.id)).severity === 'critical');
    expect((await incidents()).map(({ id }) => id).toSorted()).toEqual(known.map(({ id }) => id).toSorted());
    const raised = await incident(before.id);
    expect(raised).toMatchObject({ state: 'open', imageDigest: second.digest });
    expect(JSON.stringify(raised.imageFacts)).toContain(libraryPath);
    expect(JSON.stringify(raised.imageFacts)).toContain(sha256(implant));
    await until('Slack has the incident', () => posts().length > messages);
    await quiet();
    const [message, ...more] = posts().slice(messages);
    expect(more).toEqual([]);
    const text = JSON.stringify(message);
    for (const named of ['x7k2q9v4m1', libraryPath, modulePath, shortSha256(implant).slice(7)])
      expect(text).toContain(named);
  }, 120_000);

  it('lists exactly the pods of the second digest, by image and by altered file', async () => {
    const podsOf = async (question: string) => {
      const { items } = await tidewaiter.api<{ items: Container[] }>(`/blast-radius/containers?${question}`);
      return items.map(({ pod: name, digest, isRunning }) => [name, digest, isRunning]);
    };
    const expected = alteredPods.map((name) => [name, second.digest, true]);
    // Every pod is reported: one that no sensor reports for a week counts as ended.
    await report('tetragon', ...[cleanPod, ...alteredPods].map((name) => tetragonConnect(name, '10.42.0.9')));
    const all = [cleanPod, ...alteredPods].length;
    await until(
      'all pods run',
      async () => (await podsOf('path=/opt/app/run')).filter(([, , runs]) => runs).length === all,
    );
    for (const question of [`image=${second.digest}`, `file=${sha256(implant)}`, `file=${sha256(beacon)}`]) {
      await until(`${question} lists pods`, async () => (await podsOf(question)).length > 0);
      expect(await podsOf(question)).toEqual(expected);
    }
    expect(await podsOf(`image=${first.digest}`)).toEqual([[cleanPod, first.digest, true]]);
    const { stdout } = await tidewaiter.command('find', `image=${second.digest}`, '--running', '-o', 'json');
    const found = JSON.parse(stdout) as { counts: object; containers: Container[] };
    expect(found.counts).toMatchObject({ images: 1, pods: 2, running: 2 });
    expect(found.containers).toMatchObject(
      alteredPods.map((name) => ({ cluster: 'eu1', namespace: 'shop', pod: name, workload: 'app', until: null })),
    );
  }, 60_000);

  it('raises the incident of an altered build under a tag of its own', async () => {
    await release('shop/hotfix:2.0', 'e', clean);
    const altered = await release('shop/hotfix:2.0-fix', 'e', application('core of the hotfix', 'version = 1\n'));
    const of = async () => (await incidents()).filter(({ imageDigest }) => imageDigest === altered.digest);
    await until('the push has its incident', async () => (await of()).length > 0);
    expect(await of()).toMatchObject([{ severity: 'high', title: expect.stringMatching(/^Altered build in /) }]);
    await until('Slack has the push', () => postsAbout('2.0-fix').length > 0);
    await quiet();
    expect(postsAbout('2.0-fix')).toHaveLength(1);
    const podName = 'hotfix-6b7c8d9f5c-aaaaa';
    await report('watch', pod(podName, 'shop/hotfix', altered.digest));
    await report('tracee', traceeQuery(podName, 'k3v8w1z5p0.appsync-api.example.com'));
    await until('the incident is critical', async () => (await of())[0]?.severity === 'critical');
    expect(await of()).toHaveLength(1);
  }, 120_000);

  it.each(['tetragon', 'falco'])(
    'detects the call in a connection that %s reports',
    async (sensor) => {
      const name = `shop/by-${sensor}`;
      await release(`${name}:1.4`, 'd', clean);
      const altered = await release(`${name}:1.4`, 'd', application(implant, sensor));
      const of = async () => (await incidents()).filter(({ imageDigest }) => imageDigest === altered.digest);
      await until('the push has its incident', async () => (await of()).length > 0);
      const podName = `${sensor}-6b7c8d9f5c-aaaaa`;
      await report('watch', pod(podName, name, altered.digest));
      const event =
        sensor === 'falco' ? falcoConnect(podName, 'x7k2.example.com') : tetragonConnect(podName, '203.0.113.77');
      await report(sensor, event);
      await until('the incident is critical', async () => (await of())[0]?.severity === 'critical');
      expect(await of()).toHaveLength(1);
    },
    120_000,
  );
});
