import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';

import type { ClusterImage, ClusterWorkload } from '@tidewaiter/agent-protocol';
import type { RunningService } from '@tidewaiter/runtime';
import { describeWith, programs, startHttpServer, type TestHttpServer } from '@tidewaiter/testkit';

import { start } from '../../services/agent/src/main.js';
import { removeFolders, temporaryFolder } from '../tidewaiter.js';
import { type Cluster, helmPrograms, kube, startCluster } from './kubernetes.js';
import { reportDefinitions } from './report-definitions.js';

const hour = 3_600_000;
const slowMs = 120_000;

describeWith(helmPrograms, kube, programs('etcd', 'zstd', 'python3')).each([
  ['1.20 with later APIs', {}],
  ['1.36', { SERVER: 'kube-apiserver-libs', REPORT: '' }],
])('The agent of a cluster on Kubernetes %s', (_, options) => {
  let cluster: Cluster | undefined;
  let hub: TestHttpServer;
  let agent: RunningService;
  let environment: Record<string, string>;
  const lines: string[] = [];
  /** Workloads that the hub knows. */
  let workloads: object[] = [];

  beforeAll(async () => {
    hub = await startHttpServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        if (request.url?.includes('/events/')) lines.push(...gunzipSync(Buffer.concat(parts)).toString().split('\n'));
        const until = new Date(Date.now() + hour).toISOString();
        const joined = { cluster: 'eu1', credential: 'credential', expiresAt: until, rotateAt: until };
        const isAbout = (path: string) => request.url?.startsWith(`/agent/v1/${path}`);
        if (isAbout('workloads')) response.end(JSON.stringify({ items: workloads, next: null }));
        else if (isAbout('images')) response.end(JSON.stringify(image));
        else response.writeHead(200).end(JSON.stringify(joined));
      });
    });
    // A user with the rights of the chart and no others.
    cluster = await startCluster({ USERS: 'agent-token,agent,7', ...options });
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'token'), 'agent-token');
    const [, server = ''] = /server: "([^"]+)"/.exec(readFileSync(join(cluster.folder, 'admin.conf'), 'utf8')) ?? [];
    environment = {
      TIDEWAITER_HUB_URL: `http://127.0.0.1:${hub.port}`,
      TIDEWAITER_JOIN_TOKEN: 'join-token',
      TIDEWAITER_AGENT_DIR: join(folder, 'agent'),
      TIDEWAITER_KUBERNETES_URL: server,
      TIDEWAITER_KUBERNETES_CA_FILE: join(cluster.folder, 'ca.crt'),
      TIDEWAITER_KUBERNETES_TOKEN_FILE: join(folder, 'token'),
      TIDEWAITER_AGENT_REPORTS: 'policy,vulnerability',
      TIDEWAITER_HTTP_PORT: '0',
      TIDEWAITER_LOG_LEVEL: 'silent',
    };
    agent = await start(environment);
  }, 2 * slowMs);

  afterAll(async () => {
    await agent.stop();
    await cluster?.stop();
    await hub.stop();
    await removeFolders();
  }, slowMs);

  async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
    for (const end = performance.now() + slowMs; !(await isTrue()); await sleep(100))
      if (performance.now() > end) throw new Error(`not in time: ${what}`);
  }

  /** Gives the user of the agent the ClusterRole of a template of the chart. */
  async function bindRole(template: string): Promise<void> {
    const reports = 'agent.reports.policy=true,agent.reports.vulnerability=true';
    const set = `topology=agent,agent.hubUrl=https://hub.example.com,agent.joinToken=token,${reports}`;
    const role = await cluster!.helm('template', 'agent', '.', '--set', set, '-s', `templates/${template}.yaml`);
    await apply(role);
    const names = [template, '--clusterrole', roleIn(role)];
    await cluster!.kubectl('create', 'clusterrolebinding', ...names, '--user', 'agent');
  }

  async function apply(manifests: string): Promise<void> {
    const file = join(temporaryFolder(), 'manifests.yaml');
    writeFileSync(file, manifests);
    await cluster!.kubectl('apply', '-f', file);
  }

  async function install(kind: keyof typeof reportDefinitions): Promise<void> {
    const definition = reportDefinitions[kind];
    await apply(JSON.stringify(definition));
    await cluster!.kubectl('wait', '--for=condition=established', `crd/${definition.metadata.name}`);
  }

  async function restart(): Promise<void> {
    await agent.stop();
    agent = await start(environment);
  }

  async function reports(resource: string): Promise<Report[]> {
    const found = await cluster!.kubectl('get', resource, '-n', 'shop', '-o', 'json');
    return (JSON.parse(found) as { items: Report[] }).items;
  }

  const eventsAbout = (name: string) => lines.filter((line) => line.includes(`"metadata":{"name":"${name}"`));
  const seen = (type: string, name: string) => eventsAbout(name).some((line) => line.includes(`"type":"${type}"`));

  const problem = async (): Promise<string> => {
    const ready = (await (await fetch(`${agent.url}/readyz`)).json()) as { problems: Record<string, string> };
    return ready.problems['kubernetes'] ?? '';
  };

  it('names what it may not list, until the ClusterRole of the chart is bound', async () => {
    await until('the refusal', async () => (await problem()).includes('pods: 403'));
    await bindRole('agent');
    await until('the rights', async () => (await problem()) === '');
  });

  it('follows the objects of the cluster, and reports a deletion that it has not seen', async () => {
    await cluster!.kubectl('create', 'namespace', 'shop');
    await cluster!.kubectl('create', 'deployment', 'web', '--image', 'localhost/web:1', '-n', 'shop');
    await cluster!.kubectl('create', 'deployment', 'goes', '--image', 'localhost/web:1', '-n', 'shop');
    await until('its objects', () => seen('ADDED', 'shop') && seen('ADDED', 'web') && seen('ADDED', 'goes'));
    await agent.stop();
    await cluster!.kubectl('delete', 'deployment', 'goes', '-n', 'shop', '--wait=false');
    agent = await start(environment);
    await until('the deletion', () => seen('DELETED', 'goes'));
    expect(eventsAbout('web')).toHaveLength(1);
  });

  it('writes reports of its workloads where asked, and only what has changed', async () => {
    workloads = [workloadOf('web'), workloadOf('not-in-the-cluster')];
    await install('policy');
    await install('vulnerability');
    await bindRole('agent-reports');
    await restart();
    await until('the reports', async () => (await reports('vulnerabilityreports')).length > 0);
    const [policy] = await reports('policyreports.wgpolicyk8s.io');
    const [deployment] = await reports('deployments');
    const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: deployment!.metadata.uid }];
    expect(policy).toMatchObject({
      metadata: { name: 'deployment-web', ownerReferences },
      summary: { pass: 0, fail: 2 },
      results: [{ policy: 'image-verdict' }, { policy: 'k8s-privileged', severity: 'high' }],
    });
    expect(await reports('vulnerabilityreports')).toMatchObject([
      { metadata: { name: 'deployment-web-app', ownerReferences }, report: { summary: { criticalCount: 1 } } },
    ]);

    workloads = [{ ...workloadOf('web'), misconfigurations: [], misconfigurationCounts: {} }];
    const [before] = await reports('vulnerabilityreports');
    await restart();
    await until('the change', async () => (await reports('policyreports.wgpolicyk8s.io'))[0]?.summary?.fail === 1);
    const [after] = await reports('vulnerabilityreports');
    expect(after!.metadata.resourceVersion).toBe(before!.metadata.resourceVersion);
  });

  it('replaces its reports by those of OpenReports, and deletes them with their workload', async () => {
    await install('openreports');
    await restart();
    await until('the report', async () => (await reports('reports.openreports.io')).length === 1);
    expect(await reports('policyreports.wgpolicyk8s.io')).toEqual([]);
    workloads = [];
    await restart();
    await until('no report', async () => (await reports('reports.openreports.io')).length === 0);
    await until('no vulnerability report', async () => (await reports('vulnerabilityreports')).length === 0);
  });
});

interface Report {
  metadata: { name: string; uid: string; resourceVersion: string };
  summary?: { fail: number };
}

const digest = `sha256:${'a'.repeat(64)}`;

const image: ClusterImage = {
  ...{ digest, registry: 'registry.example.com', repository: 'shop/web', tag: '1', verdict: 'fail' },
  os: { family: 'debian', version: '13' },
  vulnerabilities: [
    {
      ...{ id: 'CVE-2027-1', severity: 'critical', title: 'A hole', packageName: 'openssl', packageType: 'deb' },
      ...{ installedVersion: '3.0.15-1', fixedVersion: '3.0.17-1', path: 'var/lib/dpkg/status', score: 9.8 },
      purl: 'pkg:deb/debian/openssl@3.0.15-1',
    },
  ],
  vulnerabilityCounts: { critical: 1 },
};

function workloadOf(name: string): ClusterWorkload {
  return {
    ...{ namespace: 'shop', kind: 'Deployment', name, containers: [{ name: 'app', digest }] },
    misconfigurations: [
      {
        ...{ check: 'k8s-privileged', severity: 'high', title: 'Container is privileged', container: 'app' },
        ...{ field: 'spec.containers[0].securityContext', firstSeen: '2027-03-01T10:00:00.000Z' },
      },
    ],
    misconfigurationCounts: { high: 1 },
  };
}

function roleIn(manifests: string): string {
  return /kind: ClusterRole\nmetadata:\n {2}name: (\S+)/.exec(manifests)?.[1] ?? '';
}
