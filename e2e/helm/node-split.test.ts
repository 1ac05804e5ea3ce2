import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { describeWith, programs } from '@tidewaiter/testkit';

import { removeFolders, temporaryFolder } from '../tidewaiter.js';
import { type Cluster, nodeNeeds, slowMs, startCluster } from './kubernetes.js';
import { loadImage, ownImage } from './node-images.js';
import { type NodeStory, startNodeStory } from './node-story.js';
import { startOwnServers } from './own-servers.js';
import { type Relay, startRelay } from './relay.js';

const namespace = 'security';
/** Address of this machine for pods: the gateway of the node's bridge. */
const machine = '10.88.7.1';
const services = ['ingest', 'scanner', 'detector', 'notifier', 'console'] as const;

describeWith(...nodeNeeds, programs('docker-registry', 'skopeo'))('The chart on a node, split', () => {
  let cluster: Cluster;
  let story: NodeStory;
  let values: string;
  let ingest: string[] = [];
  const stops: (() => Promise<void>)[] = [];

  const relayed = async (target: Parameters<typeof startRelay>[0]): Promise<Relay> => {
    const relay = await startRelay(target);
    stops.push(async () => relay.stop());
    return relay;
  };

  beforeAll(async () => {
    // The node has no kube-proxy: each connection goes to a pod of ingest that is ready.
    const toIngest = await relayed(() => {
      const host = ingest[Math.floor(Math.random() * ingest.length)];
      return host === undefined ? null : { host, port: 8080 };
    });
    story = await startNodeStory(toIngest.port);
    stops.push(async () => story.stop());
    const servers = await startOwnServers(machine);
    stops.push(async () => servers.stop());
    cluster = await startCluster({ NODE: '1', CONTROLLERS: '1' });
    stops.push(async () => cluster.stop());
    await loadImage(cluster, await ownImage('localhost/tidewaiter:test'));
    const registry = await relayed(() => addressOf(story.registryUrl));
    const sink = await relayed(() => addressOf(story.sinkUrl));
    values = join(temporaryFolder(), 'values.json');
    const resources = { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '1Gi' } };
    writeFileSync(
      values,
      JSON.stringify({
        ...Object.fromEntries([...services, 'migration'].map((part) => [part, { resources }])),
        topology: 'split',
        image: { repository: 'localhost/tidewaiter', tag: 'test', pullPolicy: 'Never' },
        config: story.config(`http://${machine}:${registry.port}`, `http://${machine}:${sink.port}`),
      }),
    );
    await cluster.kubectl('create', 'namespace', namespace);
    await kubectl('create', 'secret', 'generic', 'tidewaiter', `--from-file=${servers.secrets}`);
    await cluster.helm('install', ...release());
    const watching = new AbortController();
    void watchIngest(watching.signal);
    stops.push(async () => watching.abort());
  }, 3 * slowMs);

  afterAll(async () => {
    // Containers outlive the kubelet.
    await cluster?.helm('uninstall', 'tidewaiter', '-n', namespace, '--wait').catch(() => undefined);
    for (const stop of stops.toReversed()) await stop();
    await removeFolders();
  }, slowMs);

  const kubectl = async (...args: string[]) => cluster.kubectl('-n', namespace, ...args);
  const release = () => ['tidewaiter', '.', '-n', namespace, '-f', values, '--wait', '--timeout', '280s'];

  async function watchIngest(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const addresses = await kubectl(
        'get',
        'endpoints',
        'tidewaiter-ingest',
        '-o',
        'jsonpath={..addresses[*].ip}',
      ).catch(() => '');
      ingest = addresses.split(' ').filter(Boolean);
      await sleep(500);
    }
  }

  const rolledOut = async (): Promise<void> => {
    for (const service of services)
      await kubectl('rollout', 'status', `deployment/tidewaiter-${service}`, '--timeout=240s');
  };

  /** Each repository has had its alerts, and each of them once. */
  async function reported(pushed: readonly string[]): Promise<void> {
    expect(pushed.length).toBeGreaterThan(3);
    expect(await story.alerted(pushed)).toEqual([]);
  }

  it('runs two pods of each service, with the secrets of that service alone', async () => {
    const { items } = JSON.parse(await kubectl('get', 'pods', '-o', 'json')) as { items: Pod[] };
    const components = items.map(({ metadata }) => metadata.labels['app.kubernetes.io/component']);
    const counts = services.map((service) => components.filter((each) => each === service).length);
    expect(counts).toEqual(services.map(() => 2));
    const pod = await kubectl('get', 'pods', '-l', 'app.kubernetes.io/component=notifier', '-o', 'name');
    const list = `fs.readdirSync('/run/secrets/tidewaiter').filter((name) => !name.startsWith('.')).join()`;
    const files = await kubectl('exec', pod.split('\n')[0]!, '--', 'node', '-p', list);
    expect(files.trim()).toBe('database-url,nats-url,redis-url');
  });

  it(
    'reports a push, and an event of a sensor',
    async () => {
      await story.push('shop/first');
      await story.alerted(['shop/first']);
      await story.reportShell();
    },
    2 * slowMs,
  );

  it(
    'loses no push while a pod of each service is killed',
    async () => {
      const pushed = await story.pushDuring('shop/killed', async () => {
        for (const service of services) {
          const pods = await kubectl('get', 'pods', '-l', `app.kubernetes.io/component=${service}`, '-o', 'name');
          await kubectl('delete', pods.split('\n')[0]!, '--force', '--grace-period=0', '--wait=false');
        }
        await rolledOut();
      });
      await reported(pushed);
    },
    3 * slowMs,
  );

  it(
    'loses no push while scanners come and go',
    async () => {
      const scale = async (replicas: number) =>
        kubectl('scale', 'deployment/tidewaiter-scanner', `--replicas=${replicas}`);
      const pushed = await story.pushDuring('shop/scaled', async () => {
        for (const replicas of [4, 1, 2]) {
          await scale(replicas);
          await rolledOut();
        }
      });
      await reported(pushed);
    },
    3 * slowMs,
  );

  it(
    'loses no push during an upgrade with its migration, and a rollback',
    async () => {
      const pushed = await story.pushDuring('shop/upgraded', async () => {
        await cluster.helm('upgrade', ...release(), '--set', 'pod.annotations.version=next');
        await cluster.helm('rollback', 'tidewaiter', '1', '-n', namespace, '--wait', '--timeout', '280s');
      });
      await reported(pushed);
    },
    4 * slowMs,
  );
});

interface Pod {
  metadata: { labels: Record<string, string> };
}

function addressOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname, port: Number(port) };
}
