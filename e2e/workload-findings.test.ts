import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from '@tidewaiter/servers';
import { slackSink, type SlackSink } from '@tidewaiter/testkit';

import { makeHome, quiet, removeFolders, runIn, startTidewaiter, type Tidewaiter, until } from './tidewaiter.js';

// A watch of Kubernetes reports a Deployment: the platform finds in it what `scan` finds in the
// same object, and sends no message.

interface ListedFinding {
  workload: { cluster: string | null; namespace: string; kind: string; name: string };
  check: string;
  severity: string;
  title: string;
  endedAt: string | null;
}

const token = 'token-of-the-watch';

let slack: SlackSink;
let tidewaiter: Tidewaiter;

beforeAll(async () => {
  slack = await slackSink();
  const ingestPort = await freePort();
  const home = makeHome({
    'tidewaiter.yaml': 'sensors: [{ name: watch, kind: kubernetes-watch, cluster: eu1, tokenFile: token }]\n',
    'routing.yaml': `route: { receiver: all, group_wait: 0s }\nreceivers:\n  - name: all\n    slack_configs: [{ api_url: "${slack.webhookUrl}" }]\n`,
    token,
  });
  tidewaiter = await startTidewaiter(home, ingestPort);
}, 240_000);

afterAll(async () => {
  await tidewaiter?.stop();
  await slack?.stop();
  await removeFolders();
}, 60_000);

const deployment = (version: number, securityContext: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop', uid: 'u', resourceVersion: `${version}` },
  spec: {
    template: {
      spec: {
        hostPID: true,
        containers: [
          { name: 'app', image: 'shop/web', env: [{ name: 'DB_PASSWORD', value: 'Tr0ub4dor-and-3' }], securityContext },
        ],
      },
    },
  },
});

async function watch(type: string, object: object): Promise<void> {
  const answer = await fetch(`${tidewaiter.ingestUrl}/hooks/runtime/watch`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
    body: `${JSON.stringify({ type, object })}\n`,
  });
  expect(answer.status).toBe(202);
}

const listed = async (query = '') =>
  (
    await tidewaiter.api<{ items: ListedFinding[] }>(
      `/workloads/findings?limit=200&workload=shop/Deployment/web${query}`,
    )
  ).items;

describe('workload findings of a watch', () => {
  it('equal those of scan for a Deployment, end with the fix, and send no message', async () => {
    const privileged = deployment(1, { privileged: true });
    await watch('ADDED', privileged);
    await until('the findings', async () => (await listed()).length > 0);

    writeFileSync(join(tidewaiter.home, 'web.json'), JSON.stringify(privileged));
    const { stdout } = await runIn(tidewaiter.home, 'scan', 'k8s:web.json', '--format', 'json');
    const { findings } = JSON.parse(stdout) as { findings: { id: string; severity: string; title: string }[] };
    const scanned = findings.map(({ id, severity, title }) => `${severity} ${id}: ${title}`).toSorted();
    const found = (await listed()).map(({ check, severity, title }) => `${severity} ${check}: ${title}`).toSorted();
    expect(found).toEqual(scanned);
    expect(found).toContain('critical k8s-privileged: The container app of Deployment shop/web is privileged');

    await watch('MODIFIED', deployment(2, { privileged: false }));
    await until('the fix', async () => (await listed('&check=k8s-privileged')).length === 0);
    await watch('ADDED', privileged);
    await quiet();
    expect(await listed('&check=k8s-privileged')).toEqual([]);
    expect(await listed('&check=k8s-privileged&state=ended')).toHaveLength(1);
    await watch('DELETED', deployment(3, {}));
    await until('the end', async () => (await listed()).length === 0);
    expect((await tidewaiter.api<{ items: unknown[] }>('/deliveries')).items).toEqual([]);
    expect(slack.received).toEqual([]);
  });
});
