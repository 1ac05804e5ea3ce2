import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from '@tidewaiter/servers';
import { describeWith, programs } from '@tidewaiter/testkit';

import { removeFolders, temporaryFolder } from '../tidewaiter.js';
import { type Cluster, nodeNeeds, slowMs, startCluster } from './kubernetes.js';
import { loadImage, ownImage } from './node-images.js';
import { type NodeStory, startNodeStory } from './node-story.js';

const namespace = 'security';

describeWith(...nodeNeeds, programs('docker-registry', 'skopeo'))('The chart on a node', () => {
  let cluster: Cluster | undefined;
  let story: NodeStory;
  let values: string;

  beforeAll(async () => {
    const ports = { ingest: await freePort(), console: await freePort() };
    story = await startNodeStory(ports.ingest);
    cluster = await startCluster({ NODE: '1', CONTROLLERS: '1' });
    await loadImage(cluster, await ownImage('localhost/tidewaiter:test', '--single'));
    values = join(temporaryFolder(), 'values.json');
    const single = { hostNetwork: true, ports, persistence: { existingClaim: 'tidewaiter' } };
    const image = { repository: 'localhost/tidewaiter', tag: 'test', pullPolicy: 'Never' };
    writeFileSync(values, JSON.stringify({ image, single, config: story.config() }));
    await makeDisk(cluster);
  }, 2 * slowMs);

  afterAll(async () => {
    // Containers outlive the kubelet.
    await cluster?.helm('uninstall', 'tidewaiter', '-n', namespace, '--wait').catch(() => undefined);
    await cluster?.stop();
    await story.stop();
    await removeFolders();
  }, slowMs);

  const release = () => ['tidewaiter', '.', '-n', namespace, '-f', values, '--wait', '--timeout', '240s'];

  async function upgradeAndRollBack(): Promise<void> {
    await cluster!.helm('upgrade', ...release(), '--set', 'pod.annotations.version=next');
    await cluster!.helm('rollback', 'tidewaiter', '1', '-n', namespace, '--wait', '--timeout', '240s');
  }

  it(
    'starts, and reports what was pushed before it ran',
    async () => {
      await story.push('shop/before');
      await cluster!.helm('install', ...release());
      await story.alerted(['shop/before']);
      expect(await cluster!.kubectl('-n', namespace, 'get', 'pods', '-o', 'jsonpath={.items[*].status.qosClass}')).toBe(
        'Burstable',
      );
    },
    2 * slowMs,
  );

  it('reports an event of a sensor', async () => story.reportShell(), slowMs);

  it(
    'loses no push during an upgrade and a rollback',
    async () => {
      const pushed = await story.pushDuring('shop/app', upgradeAndRollBack);
      expect(pushed.length).toBeGreaterThan(3);
      expect(await story.alerted(pushed)).toEqual([]);
    },
    3 * slowMs,
  );
});

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
