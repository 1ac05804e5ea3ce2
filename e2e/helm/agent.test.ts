import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';

import type { RunningService } from '@tidewaiter/runtime';
import { describeWith, programs, startHttpServer, type TestHttpServer } from '@tidewaiter/testkit';

import { start } from '../../services/agent/src/main.js';
import { removeFolders, temporaryFolder } from '../tidewaiter.js';
import { type Cluster, helmPrograms, kube, startCluster } from './kubernetes.js';

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

  beforeAll(async () => {
    hub = await startHttpServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        if (request.url?.includes('/events/')) lines.push(...gunzipSync(Buffer.concat(parts)).toString().split('\n'));
        const until = new Date(Date.now() + hour).toISOString();
        const joined = { cluster: 'eu1', credential: 'credential', expiresAt: until, rotateAt: until };
        response.writeHead(200).end(JSON.stringify(joined));
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

  const eventsAbout = (name: string) => lines.filter((line) => line.includes(`"metadata":{"name":"${name}"`));
  const seen = (type: string, name: string) => eventsAbout(name).some((line) => line.includes(`"type":"${type}"`));

  const problem = async (): Promise<string> => {
    const ready = (await (await fetch(`${agent.url}/readyz`)).json()) as { problems: Record<string, string> };
    return ready.problems['kubernetes'] ?? '';
  };

  it('names what it may not list, until the ClusterRole of the chart is bound', async () => {
    await until('the refusal', async () => (await problem()).includes('pods: 403'));
    const set = 'topology=agent,agent.hubUrl=https://hub.example.com,agent.joinToken=token';
    const role = await cluster!.helm('template', 'agent', '.', '--set', set, '-s', 'templates/agent.yaml');
    const file = join(temporaryFolder(), 'agent.yaml');
    writeFileSync(file, role);
    await cluster!.kubectl('apply', '-f', file);
    await cluster!.kubectl('create', 'clusterrolebinding', 'agent', '--clusterrole', roleIn(role), '--user', 'agent');
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
});

function roleIn(manifests: string): string {
  return /kind: ClusterRole\nmetadata:\n {2}name: (\S+)/.exec(manifests)?.[1] ?? '';
}
