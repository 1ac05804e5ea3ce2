import { hash } from 'node:crypto';

import { type AccessScope, type Digest, matchesWildcard, Secret } from '@tidewaiter/domain';
import { packManifest } from '@tidewaiter/facts';
import { imageFields, incidentFields, parseQuery, pushFields } from '@tidewaiter/query';
import { minerIncident, throwAwayServers, type ThrowAwayServers, uuidOf } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { likePattern, Lists } from '../core/lists.js';
import { Store } from '../core/store.js';
import { FileContents } from '../images/file-contents.js';
import { ImageManifests } from '../images/image-manifests.js';
import { Images } from '../images/images.js';
import { imageList } from '../images/lists/image-list.js';
import { pushList } from '../images/pushes/push-list.js';
import { incidentList } from '../incidents/incident-list.js';
import { Incidents } from '../incidents/incidents.js';
import { workloadList } from '../workloads/workload-list.js';
import { type OwnerRule, ScopedRows } from './scoped-rows.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;

const digestOf = (text: string): Digest => `sha256:${hash('sha256', text, 'hex')}`;

interface Seed {
  repository: string;
  tag: string;
  image: string;
  registry?: string;
}

async function addPush({ repository, tag, image, registry = 'registry.example.com' }: Seed): Promise<void> {
  const [id, digest] = [uuidOf(`${registry} ${repository} ${tag}`), digestOf(image)];
  await store.query(
    `INSERT INTO image (digest, media_type, config_digest, platform, labels, analyzers_version, analyzed_at)
     VALUES ($1, 'm', 'c', 'linux/amd64', '{"dev.tidewaiter.owner":"anyone"}', '1', now()) ON CONFLICT DO NOTHING`,
    [digest],
  );
  await store.query(
    `INSERT INTO push (id, connection, repository, tag, artifact, state, registry_host, digest, verdict)
     VALUES ($1, 'main', $2, $3, 'image', 'analyzed', $4, $5, 'pass')`,
    [id, repository, tag, registry, digest],
  );
  await store.query('INSERT INTO push_image (push_id, image_digest) VALUES ($1, $2)', [id, digest]);
  await store.query(
    `INSERT INTO tag_ledger (connection, repository, tag, digest, push_id, at, position) VALUES ('main', $1, $2, $3, $4, now(), 1)`,
    [repository, tag, digest, id],
  );
}

interface Ran {
  name: string;
  namespace: string;
  image: string;
  repository: string | null;
  cluster?: string;
}

async function addContainer({ name, namespace, image, repository, cluster = 'eu1' }: Ran): Promise<void> {
  await store.query(
    `INSERT INTO container_ledger (container_id, cluster, namespace, pod, workload_kind, workload, image_digest, claimed_digests, repository, first_seen, last_seen)
     VALUES ($1, $2, $3, $1, 'Deployment', $1, $4, '{}', $5, now(), now())`,
    [name, cluster, namespace, digestOf(image), repository],
  );
}

async function addIncident(name: string, places: readonly { namespace: string; image: string }[]): Promise<void> {
  const [{ namespace, image }] = places as [{ namespace: string; image: string }];
  const incident = minerIncident({
    ...{ id: uuidOf(name), title: name, namespace, workload: `${namespace}/Deployment/${name}`, cluster: 'eu1' },
    ...{ image: `registry.example.com/${image}:1`, imageDigest: digestOf(image), evidence: [] },
    workloads: places.map((place) => ({
      ...{ cluster: 'eu1', workload: `${place.namespace}/Deployment/${name}`, imageDigest: digestOf(place.image) },
      ...{ firstSeen: '2026-01-01T00:00:00Z', pods: [] },
    })),
  });
  await store.transaction((tx) => new Incidents(store).apply(tx, [{ kind: 'opened', incident }]));
}

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  for (const [repository, tag, image] of [
    ['shop/app', '1', 'shop/app'],
    ['shop/app', '2', 'shop/app 2'],
    ['pay/app', '1', 'pay/app'],
    ['pay/app', '2', 'pay/app 2'],
    ['pay/copy', '1', 'shop/app'],
    ['shop_x/app', '1', 'shop_x/app'],
  ] as const) {
    await addPush({ repository, tag, image });
  }
  await addPush({ repository: 'shop/app', tag: 'mirror', image: 'mirrored', registry: 'mirror.example.com' });
  await addContainer({
    name: 'own',
    namespace: 'shop',
    image: 'shop/app',
    repository: 'registry.example.com/shop/app',
  });
  await addContainer({ name: 'foreign', namespace: 'shop', image: 'pay/app', repository: 'pay/app' });
  await addContainer({ name: 'elsewhere', namespace: 'pay', image: 'shop/app', repository: 'shop/app' });
  await addContainer({ name: 'unnamed', namespace: 'pay', image: 'shop/app 2', repository: null });
  // Its digest was pushed to two repositories.
  await addContainer({ name: 'ambiguous', namespace: 'pay', image: 'shop/app', repository: null });
  await addContainer({ name: 'nowhere', namespace: 'pay', image: 'unknown', repository: null, cluster: '' });
  await store.query(
    `INSERT INTO workload (cluster, namespace, kind, name, namespace_labels, replicas, probes, seen_at)
     VALUES ('eu1', 'shop', 'Deployment', 'own', '{}', 1, '{}', now()), ('eu1', 'labeled', 'Deployment', 'bare', '{"tidewaiter.dev/owner":"team-label"}', 1, '{}', now())`,
  );
  await addIncident('of shop', [{ namespace: 'shop', image: 'shop/app' }]);
  await addIncident('of both', [
    { namespace: 'shop', image: 'shop/app' },
    { namespace: 'pay', image: 'pay/app' },
  ]);
  await addIncident('of pay', [{ namespace: 'pay', image: 'pay/app' }]);
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

const rules: OwnerRule[] = [
  { repository: 'shop/*', namespace: 'pay', owner: 'team-pay' },
  { repository: 'shop/*', owner: 'team-shop' },
  { namespace: 'pay', owner: 'team-pay' },
  { repository: 'pay/app', owner: 'team-pay' },
];
const scopeOf = (scope: Partial<AccessScope>): AccessScope => ({
  ...{ repositories: [], clusters: [], namespaces: [], owners: [], ...scope },
});

async function seen(scopes: readonly Partial<AccessScope>[]): Promise<Record<string, string>> {
  const lists = new Lists(store);
  const limits = new ScopedRows(scopes.map(scopeOf), rules);
  const whole = { isDescending: false, limit: 100 } as const;
  return store.within(limits, async () => {
    const pushes = await lists.page(pushList, {
      ...{ ...whole, sort: 'image', where: parseQuery('', pushFields, new Date()) },
    });
    const workloads = await lists.page(workloadList, { ...whole, sort: 'name', where: { kind: 'all', of: [] } });
    const incidents = await lists.page(incidentList, {
      ...{ ...whole, sort: 'number', where: parseQuery('', incidentFields, new Date()) },
    });
    return {
      pushes: pushes.items.map(({ repository, tag }) => `${repository}:${tag}`).join(' '),
      workloads: workloads.items.map(({ name }) => name).join(' '),
      incidents: incidents.items.map(({ title }) => title).join(', '),
    };
  });
}

describe('ScopedRows', () => {
  it.each<[Partial<AccessScope>[], Record<string, string>]>([
    [
      [{ repositories: ['shop/*'] }],
      { pushes: 'shop/app:1 shop/app:2 shop/app:mirror', workloads: 'elsewhere unnamed own', incidents: 'of shop' },
    ],
    [
      [{ repositories: ['registry.example.com/shop/*'] }],
      { pushes: 'shop/app:1 shop/app:2', workloads: 'unnamed own', incidents: 'of shop' },
    ],
    // An image of another repository is visible as the workload's, without the other tags there.
    [[{ namespaces: ['shop'] }], { pushes: 'pay/app:1 shop/app:1', workloads: 'foreign own', incidents: 'of shop' }],
    [
      [{ repositories: ['shop/*'], namespaces: ['shop'] }],
      {
        pushes: 'pay/app:1 shop/app:1 shop/app:2 shop/app:mirror',
        workloads: 'foreign own',
        incidents: 'of shop',
      },
    ],
    [
      [{ repositories: ['shop/*'], clusters: ['eu1'] }],
      { pushes: 'shop/app:1 shop/app:2 shop/app:mirror', workloads: 'elsewhere unnamed own', incidents: 'of shop' },
    ],
    [[{ clusters: ['us*'] }], { pushes: '', workloads: '', incidents: '' }],
    [
      [{ owners: ['team-shop'] }],
      { pushes: 'shop/app:1 shop/app:2 shop/app:mirror', workloads: 'own', incidents: 'of shop' },
    ],
    [
      [{ owners: ['team-pay'] }],
      {
        // The team owns the containers of the namespace, and sees the pushes that brought them.
        pushes: 'pay/app:1 pay/app:2 shop/app:1',
        workloads: 'nowhere ambiguous elsewhere unnamed foreign',
        incidents: 'of pay',
      },
    ],
    // Anyone who builds an image can set its labels.
    [[{ owners: ['anyone'] }], { pushes: '', workloads: '', incidents: '' }],
    [[{ owners: ['team-label'] }], { pushes: '', workloads: 'bare', incidents: '' }],
    [
      [{ namespaces: ['pay'] }, { repositories: ['shop_x/*'] }],
      {
        pushes: 'shop/app:1 shop_x/app:1',
        workloads: 'nowhere ambiguous elsewhere unnamed',
        incidents: 'of pay',
      },
    ],
    [[{ repositories: ['shop_/*', '%', 'shop/ap_'] }], { pushes: '', workloads: '', incidents: '' }],
    [[], { pushes: '', workloads: '', incidents: '' }],
  ])('of %j shows %j', async (scopes, expected) => {
    expect(await seen(scopes)).toEqual(expected);
  });

  it.each([
    [['shop/*'], ['shop/app', 'shop/app', 'shop/app']],
    [['pay/copy'], ['pay/copy']],
    [['pay/*'], ['pay/app', 'pay/app', 'pay/copy']],
  ])('shows the images of %j with their newest push within them', async (repositories, expected) => {
    const { items } = await store.within(new ScopedRows([scopeOf({ repositories })], rules), async () =>
      new Lists(store).page(imageList, {
        ...{ sort: 'image', isDescending: false, limit: 10 },
        where: parseQuery('', imageFields, new Date()),
      }),
    );
    expect(items.map(({ repository }) => repository)).toEqual(expected);
  });

  it('reads patterns as the settings do', async () => {
    const texts = ['shop/app', 'shop', 'a_b', 'a%b', String.raw`a\b`, 'shop/app/x', '', 'É', '**'];
    const patterns = ['*', 'shop/*', '*app', 's*p*', 'a_b', 'a%b', String.raw`a\b`, '', '**', 'É', 'shop*shop'];
    for (const pattern of patterns) {
      const rows = await store.aggregate<{ text: string }>(
        'SELECT text FROM unnest($1::text[]) AS text WHERE text LIKE ANY($2::text[])',
        [texts, [likePattern(pattern)]],
      );
      expect([pattern, rows.map(({ text }) => text)]).toEqual([
        pattern,
        texts.filter((text) => matchesWildcard(pattern, text)),
      ]);
    }
  });

  it('does not share searches by content between callers', async () => {
    const manifests = new ImageManifests(store, new Images(store));
    const sha256 = hash('sha256', 'file', 'hex');
    const files = packManifest([{ path: '/bin/x', sha256, package: null }]);
    for (const image of ['shop/app', 'pay/app'])
      await store.transaction((tx) => manifests.put(tx, digestOf(image), files));
    const contents = new FileContents(store);
    await contents.list(9);
    const within = async (repository: string) =>
      store.within(new ScopedRows([scopeOf({ repositories: [repository] })], []), async () => contents.holding(sha256));
    const [shop, all, pay] = await Promise.all([within('shop/*'), contents.holding(sha256), within('pay/app')]);
    expect([shop, pay]).toEqual([[digestOf('shop/app')], [digestOf('pay/app')]]);
    expect(all).toHaveLength(2);
  });

  it('writes nothing unless the limits are lifted', async () => {
    const limits = new ScopedRows([scopeOf({ repositories: ['shop/*'] })], []);
    const write = async () => store.transaction(async (tx) => tx.query('DELETE FROM sensor_contact'));
    await expect(store.within(limits, write)).rejects.toThrow('within limits');
    await expect(store.within(limits, async () => store.unlimited(write))).resolves.toEqual([]);
  });
});
