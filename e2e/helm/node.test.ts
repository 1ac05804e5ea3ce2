import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '@tidewaiter/servers';
import {
  ability,
  buildImage,
  describeWith,
  type HttpSink,
  kubernetesNode,
  programs,
  pushImage,
  startRegistry,
  type TestRegistry,
  webhookSink,
} from '@tidewaiter/testkit';

import { removeFolders, temporaryFolder, until } from '../tidewaiter.js';
import { type Cluster, helmPrograms, kube, startCluster } from './kubernetes.js';
import { loadImage, ownImage } from './node-images.js';

const networking = ability('containernetworking-plugins', existsSync('/usr/lib/cni/bridge'));
const tools = programs('docker-registry', 'skopeo', 'etcd', 'zstd', 'python3', 'containerd', 'runc', 'busybox');

const hookSecret = 'hook-secret-of-the-test';
const sensorToken = 'sensor-token-of-the-test';
const namespace = 'security';
/** On a busy machine every step takes as long as ten on a quiet one. */
const slowMs = 300_000;

describeWith(
  kubernetesNode(),
  networking,
  tools,
  helmPrograms,
  kube,
)('The chart on a node', () => {
  let cluster: Cluster | undefined;
  let registry: TestRegistry;
  let sink: HttpSink;
  let ports: { ingest: number; console: number };
  let values: string;
  let image: string;

  beforeAll(async () => {
    [sink, ports, image] = await Promise.all([
      webhookSink(),
      freePorts(),
      ownImage('localhost/tidewaiter:test', '--single'),
    ]);
    registry = await startRegistry({
      notify: {
        url: `http://127.0.0.1:${ports.ingest}/hooks/registry/main`,
        headers: { Authorization: `Bearer ${hookSecret}` },
      },
    });
    cluster = await startCluster({ NODE: '1', CONTROLLERS: '1' });
    await loadImage(cluster, image);
    values = join(temporaryFolder(), 'values.json');
    writeFileSync(values, JSON.stringify(valuesOf(ports, registry.url, sink.url)));
    await makeDisk(cluster);
  }, 2 * slowMs);

  afterAll(async () => {
    // Containers outlive the kubelet.
    await cluster?.helm('uninstall', 'tidewaiter', '-n', namespace, '--wait').catch(() => undefined);
    await cluster?.stop();
    await registry.stop();
    await sink.stop();
    await removeFolders();
  }, slowMs);

  const release = () => ['tidewaiter', '.', '-n', namespace, '-f', values, '--wait', '--timeout', '240s'];

  const alertLabels = (): Record<string, string>[] =>
    sink.received
      .flatMap(({ body }) => (body as { alerts: { labels: Record<string, string> }[] }).alerts)
      .map(({ labels }) => labels);

  async function alerted(repositories: readonly string[]): Promise<void> {
    await until(
      `alerts about ${repositories.join(', ')}`,
      async () => {
        const known = new Set(alertLabels().map(({ repository }) => repository));
        return repositories.every((repository) => known.has(repository));
      },
      slowMs,
    );
  }

  /** Pushes an image of its own, with a private key that is in no other. */
  async function push(repository: string): Promise<void> {
    const folder = temporaryFolder();
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const content = privateKey.export({ type: 'pkcs1', format: 'pem' });
    await buildImage(folder, { layers: [[{ path: 'root/.ssh/id_rsa', content }]] });
    await pushImage(registry, `${repository}:1`, `oci:${folder}:latest`);
  }

  async function upgradeAndRollBack(): Promise<void> {
    await cluster!.helm('upgrade', ...release(), '--set', 'pod.annotations.version=next');
    await cluster!.helm('rollback', 'tidewaiter', '1', '-n', namespace, '--wait', '--timeout', '240s');
  }

  it(
    'starts, and reports what was pushed before it ran',
    async () => {
      await push('shop/before');
      await cluster!.helm('install', ...release());
      await alerted(['shop/before']);
      expect(await cluster!.kubectl('-n', namespace, 'get', 'pods', '-o', 'jsonpath={.items[*].status.qosClass}')).toBe(
        'Burstable',
      );
    },
    2 * slowMs,
  );

  it(
    'reports an event of a sensor',
    async () => {
      const answer = await fetch(`http://127.0.0.1:${ports.ingest}/hooks/runtime/falco`, {
        method: 'POST',
        headers: { authorization: `Bearer ${sensorToken}`, 'content-type': 'application/json' },
        body: JSON.stringify(shellEvent()),
      });
      expect(answer.status).toBe(202);
      await until('an incident', async () => alertLabels().some(({ kind }) => kind === 'incident'), slowMs);
    },
    slowMs,
  );

  it(
    'loses no push during an upgrade and a rollback',
    async () => {
      const pushed: string[] = [];
      const changed = new AbortController();
      const changes = upgradeAndRollBack().finally(() => changed.abort());
      while (!changed.signal.aborted) {
        const repository = `shop/app-${pushed.length + 1}`;
        await push(repository);
        pushed.push(repository);
        await sleep(1_000);
      }
      await changes;
      expect(pushed.length).toBeGreaterThan(3);
      await alerted(pushed);
      const messages = alertLabels().filter(({ repository = '' }) => pushed.includes(repository));
      expect(messages.length).toBe(new Set(messages.map((labels) => JSON.stringify(labels))).size);
    },
    3 * slowMs,
  );
});

async function freePorts() {
  return { ingest: await freePort(), console: await freePort() };
}

function valuesOf(ports: { ingest: number; console: number }, registryUrl: string, sinkUrl: string) {
  return {
    image: { repository: 'localhost/tidewaiter', tag: 'test', pullPolicy: 'Never' },
    single: { hostNetwork: true, ports, persistence: { existingClaim: 'tidewaiter' } },
    config: {
      tidewaiter: JSON.stringify({
        registries: [
          { name: 'main', kind: 'distribution', url: registryUrl, allowPrivate: true, webhookSecret: hookSecret },
        ],
        sensors: [{ name: 'falco', kind: 'falco', cluster: 'local', token: sensorToken, silentAfter: 'never' }],
      }),
      routing: JSON.stringify({
        route: { receiver: 'sink', group_by: ['...'], group_wait: '0s' },
        receivers: [{ name: 'sink', webhook_configs: [{ url: sinkUrl }] }],
      }),
    },
  };
}

/** A volume on the disk of the node, which has no provisioner. */
async function makeDisk({ kubectl }: Cluster): Promise<void> {
  const folder = temporaryFolder();
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  chownSync(disk, 1000, 1000);
  chmodSync(disk, 0o700);
  const file = join(folder, 'disk.json');
  const size = { storage: '20Gi' };
  const common = { accessModes: ['ReadWriteOnce'], storageClassName: '' };
  writeFileSync(
    file,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
        {
          apiVersion: 'v1',
          kind: 'PersistentVolume',
          metadata: { name: 'tidewaiter' },
          spec: { ...common, capacity: size, hostPath: { path: disk } },
        },
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name: 'tidewaiter', namespace },
          spec: { ...common, volumeName: 'tidewaiter', resources: { requests: size } },
        },
      ],
    }),
  );
  await kubectl('apply', '-f', file);
}

function shellEvent() {
  const time = new Date().toISOString();
  return {
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
      'k8s.ns.name': 'shop',
      'k8s.pod.name': 'checkout-7d4c',
      'proc.name': 'bash',
      'proc.cmdline': 'bash -i',
      'user.name': 'root',
    },
  };
}
