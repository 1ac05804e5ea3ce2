import { countBySeverity, type Digest, Secret } from '@tidewaiter/domain';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { WorkloadLedger } from '../workloads/workload-ledger.js';
import { Images } from './images.js';
import { OwnerLabels } from './owner-labels.js';
import { Pushes } from './pushes/pushes.js';

const digestOf = (letter: string): Digest => `sha256:${letter.repeat(64)}`;

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

/** A push of an index that holds one image with these labels. */
async function pushIndex(index: Digest, digest: Digest, labels: Record<string, string>): Promise<void> {
  const [pushes, images] = [new Pushes(store), new Images(store)];
  const about = { claimedDigest: index, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
  const [id = ''] = await store.transaction(async (tx) =>
    pushes.add(tx, [{ connection: 'main', repository: 'shop/app', tag: '1', ...about }]),
  );
  const push = (await pushes.get(id))!;
  const image = { digest, mediaType: 'm', configDigest: digest, platform: 'linux/amd64' as const };
  const build = { createdAt: null, baseCreatedAt: null, user: null };
  await store.transaction(async (tx) => {
    await images.add(tx, [{ ...image, ...build, labels, layers: [], findings: [], configVersion: null }]);
    await pushes.resolved(tx, push, { digest: index, mediaType: 'm', registryHost: 'r:5000', imageDigests: [digest] });
    await pushes.analyzed(tx, id, { verdict: 'unknown', counts: countBySeverity([]), warnings: [] });
  });
}

describe('OwnerLabels', () => {
  it('returns the first wanted label of an image by its digest or that of its index', async () => {
    await pushIndex(digestOf('a'), digestOf('b'), { team: 'other', owner: 'team-shop' });
    await pushIndex(digestOf('c'), digestOf('d'), { team: 'other' });
    await pushIndex(digestOf('e'), digestOf('f'), { title: 'app' });
    const asked = ['a', 'b', 'c', 'e', 'f', '0'].map(digestOf);
    expect(await new OwnerLabels(store).ofImages(asked, ['owner', 'team'])).toEqual(
      new Map([
        [digestOf('a'), 'team-shop'],
        [digestOf('b'), 'team-shop'],
        [digestOf('c'), 'other'],
      ]),
    );
  });

  it('returns the label of a namespace from its workloads', async () => {
    const reported = {
      exposed: null,
      privileged: null,
      serviceAccount: null,
      replicas: 1,
      probes: [],
      imageDigests: [],
    };
    const workload = { ...reported, cluster: 'eu1', namespace: 'shop', kind: 'Deployment' };
    await store.transaction(async (tx) =>
      new WorkloadLedger(store).putWorkloads(tx, [
        { ...workload, name: 'checkout', namespaceLabels: { owner: 'team-shop' } },
        { ...workload, name: 'cart', namespaceLabels: {} },
      ]),
    );
    const ownership = new OwnerLabels(store);
    const asked = [
      { cluster: 'eu1', namespace: 'shop' },
      { cluster: 'us1', namespace: 'shop' },
      { cluster: null, namespace: 'shop' },
      { cluster: 'eu1', namespace: 'x' },
    ];
    expect(await ownership.ofNamespaces(asked, 'owner')).toEqual(['team-shop', null, 'team-shop', null]);
  });
});
