import { setTimeout as sleep } from 'node:timers/promises';

import { Bus } from '@tidewaiter/bus';
import { type JsonObject, type RuntimeRecord, type RuntimeSource, Secret } from '@tidewaiter/domain';
import { type CloudEvent, partitionOf, runtimeChannel, runtimeObserved } from '@tidewaiter/events';
import type { RunningService } from '@tidewaiter/runtime';
import { sensorOf } from '@tidewaiter/sensors';
import { connect, Store, WorkloadFindings } from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import { v7 as uuidv7 } from 'uuid';

import { start } from './main.js';

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let bus: Bus;
let dataSource: Awaited<ReturnType<typeof connect>>;
let store: Store;
let findings: WorkloadFindings;
let detector: RunningService;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
  bus = await Bus.connect('test', { natsUrl: new Secret(servers.nats.url) });
  const url = await servers.postgres.createDatabase();
  dataSource = await connect({ url: new Secret(url), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  findings = new WorkloadFindings(store);
  detector = await start({
    TIDEWAITER_DATABASE_URL: url,
    TIDEWAITER_DATABASE_POOL: '2',
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
    TIDEWAITER_FINGERPRINT_KEY: 'the key of the test',
    TIDEWAITER_DETECTOR_LATENESS: '200ms',
  });
});

afterAll(async () => {
  await detector.stop();
  await bus.onApplicationShutdown();
  await dataSource.destroy();
  await servers.stop();
}, 30_000);

/** Parses a body as ingest does, and publishes its records. */
async function send(source: RuntimeSource, body: object, cluster: string): Promise<void> {
  const connection = { sensor: 'k8s', cluster, receivedAt: new Date().toISOString(), fingerprintKey: Buffer.alloc(32) };
  const { records } = sensorOf(source)!.read(Buffer.from(JSON.stringify(body)), connection);
  expect(records).toHaveLength(1);
  await publish(records[0]!);
}

async function publish(record: RuntimeRecord): Promise<void> {
  const event: CloudEvent = {
    specversion: '1.0',
    id: uuidv7(),
    source: '/tidewaiter/ingest',
    type: runtimeObserved.type,
    subject: 'k8s',
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    data: { sensor: 'k8s', records: [record] },
  };
  await bus.publish(runtimeChannel(partitionOf(record)), event, event.id);
}

const watch = async (type: string, object: JsonObject, cluster: string) =>
  send('kubernetes-watch', { type, object }, cluster);

function deployment(version: number, container: JsonObject = {}): JsonObject {
  const metadata = { name: 'web', namespace: 'shop', uid: 'u1', resourceVersion: String(version), generation: version };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { template: { spec: podSpec(container) } } };
}

function podSpec(container: JsonObject): JsonObject {
  const env = [{ name: 'DB_PASSWORD', value: 'Tr0ub4dor-and-3' }];
  return { containers: [{ name: 'app', image: 'shop/web:1', env, ...container }] };
}

function pod(number: number, version: number, container: JsonObject, node = `node-${number}`): JsonObject {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-5d8f', controller: true };
  const metadata = {
    ...{ name: `web-5d8f-${number}`, namespace: 'shop', uid: `p${number}`, resourceVersion: String(version) },
    ...{ labels: { 'pod-template-hash': '5d8f' }, ownerReferences: [owner] },
  };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { ...podSpec(container), nodeName: node } };
}

const privileged: JsonObject = { securityContext: { privileged: true } };
const hardened: JsonObject = { securityContext: { privileged: false, readOnlyRootFilesystem: true } };

const isOpen = async (check: string, cluster: string) =>
  (await findings.list({ limit: 10 }, { cluster, check, kind: 'Deployment', name: 'web' })).items.length;

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within 60 s`);
    await sleep(20);
  }
}

/**
 * Waits until everything published to the cluster's partition is stored: publishes an object last
 * and waits for it.
 */
async function settled(cluster: string): Promise<void> {
  const name = `mark-${uuidv7()}`;
  const metadata = { name, namespace: 'marks', resourceVersion: '1' };
  await watch(
    'ADDED',
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { template: { spec: podSpec({}) } } },
    cluster,
  );
  await until('the mark', async () => (await findings.list({ limit: 1 }, { cluster, name })).items.length > 0);
}

describe('findings of workloads', () => {
  it('open with a privileged Deployment, resolve with the fix, reopen, and end with its deletion', async () => {
    await watch('ADDED', deployment(10, privileged), 'life');
    await until('the finding', async () => (await isOpen('k8s-privileged', 'life')) === 1);
    const { items } = await findings.list({ limit: 50 }, { cluster: 'life', check: 'k8s-privileged' });
    expect(items[0]).toMatchObject({
      workload: { cluster: 'life', namespace: 'shop', kind: 'Deployment', name: 'web' },
      severity: 'critical',
      title: 'The container app of Deployment shop/web is privileged',
      container: 'app',
      field: 'spec.template.spec.containers[0].securityContext.privileged',
      endedAt: null,
    });
    expect(await isOpen('k8s-secret-in-env', 'life')).toBe(1);

    await watch('MODIFIED', deployment(12, hardened), 'life');
    await until('the fix', async () => (await isOpen('k8s-privileged', 'life')) === 0);
    expect(await isOpen('k8s-secret-in-env', 'life')).toBe(1);

    await watch('MODIFIED', deployment(11, privileged), 'life');
    await watch('ADDED', deployment(10, privileged), 'life');
    await settled('life');
    expect(await isOpen('k8s-privileged', 'life')).toBe(0);
    const ended = await findings.list({ limit: 10 }, { cluster: 'life', check: 'k8s-privileged', state: 'ended' });
    expect(ended.items).toMatchObject([{ id: items[0]!.id, endedAt: expect.any(Date) }]);

    await watch('MODIFIED', deployment(13, privileged), 'life');
    await until('the finding again', async () => (await isOpen('k8s-privileged', 'life')) === 1);
    await watch('DELETED', deployment(14, privileged), 'life');
    await until(
      'the end',
      async () => (await findings.list({ limit: 1 }, { cluster: 'life', name: 'web' })).items.length === 0,
    );
    await watch('MODIFIED', deployment(13, privileged), 'life');
    await settled('life');
    expect(await isOpen('k8s-privileged', 'life')).toBe(0);
  });

  it('open from the audit log alone, also if only the request has the object', async () => {
    const event = (verb: string, at: string, change: object) => ({
      ...{ kind: 'Event', apiVersion: 'audit.k8s.io/v1', auditID: uuidv7(), stage: 'ResponseComplete', verb },
      ...{ user: { username: 'jane' }, requestURI: '/apis/apps/v1/namespaces/shop/deployments/web' },
      objectRef: { resource: 'deployments', namespace: 'shop', name: 'web', apiGroup: 'apps', apiVersion: 'v1' },
      ...{ responseStatus: { code: 200 }, requestReceivedTimestamp: at, stageTimestamp: at, ...change },
    });
    const audit = async (...args: Parameters<typeof event>) => send('kubernetes-audit', event(...args), 'audit');
    await audit('create', '2026-11-28T10:00:00Z', { requestObject: deployment(1, privileged) });
    await until('the finding', async () => (await isOpen('k8s-privileged', 'audit')) === 1);
    await audit('patch', '2026-11-28T10:01:00Z', { requestObject: {}, responseObject: deployment(5, hardened) });
    await until('the fix', async () => (await isOpen('k8s-privileged', 'audit')) === 0);
    await audit('update', '2026-11-28T10:02:00Z', { requestObject: deployment(5, privileged) });
    await until('the finding again', async () => (await isOpen('k8s-privileged', 'audit')) === 1);
    await audit('delete', '2026-11-28T10:03:00Z', { responseObject: { kind: 'Status', metadata: {} } });
    await until('the end', async () => (await isOpen('k8s-privileged', 'audit')) === 0);
  });

  it('are one finding for the pods of a Deployment, until the last pod is gone', async () => {
    for (const number of [1, 2, 3]) await watch('ADDED', pod(number, number, privileged), 'pods');
    await until('the pods', async () => {
      const [row] = await store.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM workload_object WHERE cluster = 'pods' AND kind = 'Pod'`,
      );
      return row!.count === 3;
    });
    expect(await isOpen('k8s-privileged', 'pods')).toBe(1);
    for (const number of [1, 2]) await watch('DELETED', pod(number, 10 + number, privileged), 'pods');
    await watch('MODIFIED', pod(3, 13, hardened), 'pods');
    await until('the fix', async () => (await isOpen('k8s-privileged', 'pods')) === 0);
  });

  it('send no message and store no value', async () => {
    const [events] = await store.query<{ count: number }>('SELECT count(*)::int AS count FROM outbox');
    expect(events?.count).toBe(0);
    const rows = await store.query(
      'SELECT row_to_json(object)::text AS row FROM workload_object AS object UNION ALL SELECT row_to_json(finding)::text FROM workload_finding AS finding',
    );
    expect(rows.length).toBeGreaterThan(10);
    expect(JSON.stringify(rows)).not.toContain('Tr0ub4dor');
  });

  it('are counted by severity in the metrics', async () => {
    await watch('ADDED', deployment(1, privileged), 'metrics');
    await until('the finding', async () => (await isOpen('k8s-privileged', 'metrics')) === 1);
    const text = await (await fetch(`${detector.url}/metrics`)).text();
    const counts = await findings.openCounts();
    expect(counts.critical).toBeGreaterThan(0);
    for (const [severity, count] of Object.entries(counts))
      expect(text).toContain(
        `tidewaiter_detector_workload_findings{severity="${severity}",service="detector"} ${count}`,
      );
  });
});
