import { hash } from 'node:crypto';

import { type Digest, Secret } from '@tidewaiter/domain';
import { encodeEntries, EntryTable } from '@tidewaiter/oci';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../../core/data-source.js';
import { Store } from '../../core/store.js';
import { WorkloadLedger } from '../../workloads/workload-ledger.js';
import { Images, type EvaluatedPackage } from '../images.js';
import { LayerPaths } from '../layer-paths.js';
import { PackageUses } from '../package-use.js';
import { Provenances } from '../pushes/provenances.js';
import { Pushes } from '../pushes/pushes.js';
import { TagLedger } from '../pushes/tag-ledger.js';
import type { BlastQuestion } from './blast-question.js';
import { type BlastRadii, blastRadiiOf } from './blast-radius.js';

const digestOf = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
/**
 * `moved`: its tag points to `newest` now. `deleted`: its tag is gone. `index`: an index with the
 * image `platform`.
 */
const [moved, newest, deleted, platform, index, base] = ['a', 'b', 'c', 'd', 'e', '0'].map(digestOf) as [
  Digest,
  Digest,
  Digest,
  Digest,
  Digest,
  Digest,
];
const [baseLayer, layer] = [digestOf('1'), digestOf('2')];
const secret = 'f'.repeat(64);
const day = 86_400_000;
const now = Date.now();
const place = { connection: 'main', repository: 'shop/app' };

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let radii: BlastRadii;
let paths: LayerPaths;

function packageOf(type: EvaluatedPackage['type'], name: string, version: string, source = name): EvaluatedPackage {
  return {
    ...{ purl: `pkg:${type}/${name}@${version}`, type, name, version, arch: 'amd64', licenses: [] },
    ...{ source: { name: source, version }, foundIn: 'var/lib/dpkg/status', layer: 0, state: 'present', key: null },
  };
}

interface Pushed {
  digest: Digest;
  tag: string | null;
  repository?: string;
  imageDigest?: Digest;
  packages?: EvaluatedPackage[];
  layers?: Digest[];
  hasSecret?: boolean;
}

async function push({ digest, tag, imageDigest = digest, packages = [], ...more }: Pushed): Promise<void> {
  const { repository = 'shop/app', layers = [baseLayer], hasSecret = false } = more;
  const [images, pushes] = [new Images(store), new Pushes(store)];
  const facts = { claimedDigest: null, artifact: 'image', attachedTo: null, pushedBy: 'jane', pushedAt: null };
  const [id] = await store.transaction((tx) => pushes.add(tx, [{ connection: 'main', repository, tag, ...facts }]));
  const known = (await pushes.get(id!))!;
  const finding = {
    ...{
      kind: 'secret',
      id: 'aws-access-key',
      title: 'Key',
      severity: 'high',
      confidence: 'certain',
      path: '/app/.env',
    },
    ...{ layer: 1, state: 'shadowed', fingerprint: `secret ${digest}` },
    evidence: { valueFingerprint: secret, removedInLayer: 4 },
  };
  await store.transaction(async (tx) => {
    await images.add(tx, [
      {
        ...{
          mediaType: 'm',
          configDigest: digestOf('9'),
          platform: 'linux/amd64',
          createdAt: null,
          baseCreatedAt: null,
        },
        ...{ digest: imageDigest, user: null, labels: {}, findings: [], configVersion: null },
        layers: layers.map((diffId, at) => ({ index: at, digest: diffId, diffId, mediaType: 'm', sizeBytes: 1 })),
      },
    ]);
    const findings = hasSecret ? ([finding] as never[]) : [];
    const os = { id: 'debian', versionId: '12', name: 'Debian 12', idLike: [] };
    await images.analyzed(tx, imageDigest, '1', { os, packages, warnings: [], findings, notEvaluated: [] });
    await pushes.resolved(tx, known, {
      digest,
      mediaType: 'm',
      registryHost: 'registry.example.com',
      imageDigests: [imageDigest],
    });
    await tx.query(`UPDATE push SET state = 'analyzed' WHERE id = $1`, [id]);
  });
}

interface Ran {
  pod: string;
  digest: Digest;
  cluster?: string;
  startedDaysAgo?: number;
  endedDaysAgo?: number;
}

async function run({ pod, digest, cluster = 'eu1', startedDaysAgo = 5, endedDaysAgo }: Ran): Promise<void> {
  const endedAtMs = endedDaysAgo === undefined ? null : now - endedDaysAgo * day;
  const [name] = pod.split('-');
  const container = {
    ...{ id: Buffer.from(pod.padEnd(32)).toString('hex'), name: 'app', kind: 'app' as const, cluster, node: 'node-1' },
    ...{
      pod: { cluster, namespace: 'shop', name: pod },
      podUid: null,
      serviceAccount: null,
      repository: null,
      tag: null,
    },
    ...{ privileged: null, overrides: null, workload: { cluster, namespace: 'shop', kind: 'Deployment', name: name! } },
    ...{ digest, claimedDigests: [digest], startedAtMs: now - startedDaysAgo * day, endedAtMs },
    ...{ firstSeenMs: now - startedDaysAgo * day, lastSeenMs: endedAtMs ?? now },
  };
  await store.transaction((tx) => new WorkloadLedger(store).put(tx, [container]));
}

const page = { limit: 50, after: undefined };
const imagesOf = async (question: BlastQuestion) => {
  const { items, counts } = await radii.of(question, page);
  expect(counts.images).toBe(items.length);
  return items.map(({ digest }) => digest);
};
const podsOf = async (question: BlastQuestion) => {
  const { items, counts } = await radii.containers(question, page);
  expect(counts.containers).toBe(items.length);
  expect(counts.running).toBe(items.filter(({ isRunning }) => isRunning).length);
  return items.map(({ pod }) => pod);
};

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  paths = new LayerPaths(store);
  radii = blastRadiiOf(store);

  const openssl = (version: string) => packageOf('deb', 'libssl3', version, 'openssl');
  const old = [
    openssl('3.0.11-1~deb12u2'),
    packageOf('npm', 'lodash', '4.17.20'),
    packageOf('generic', 'tool', 'nightly'),
  ];
  await push({ digest: base, repository: 'debian', tag: '12' });
  await push({ digest: moved, tag: '1.4', packages: old, layers: [baseLayer, layer], hasSecret: true });
  await push({ digest: newest, tag: '1.4', packages: [openssl('3.0.14-1'), packageOf('npm', 'lodash', '4.17.21')] });
  await push({ digest: deleted, tag: '1.3', packages: old, hasSecret: true });
  await push({
    digest: index,
    imageDigest: platform,
    tag: '2',
    packages: [openssl('3.0.13-1'), packageOf('npm', 'left', 'x')],
  });
  await store.transaction(async (tx) => {
    const ledger = new TagLedger(store);
    const askedAt = await ledger.now();
    await ledger.observed(tx, place, new Map([['1.3', null]]), { askedAt });
  });
  await run({ pod: 'old-6b', digest: moved });
  await run({ pod: 'old-us', digest: moved, cluster: 'us1' });
  await run({ pod: 'gone-1', digest: deleted, startedDaysAgo: 20, endedDaysAgo: 10 });
  // Kubernetes names the index of an image for several platforms.
  await run({ pod: 'multi-1', digest: index });
  await run({ pod: 'fixed-1', digest: newest });
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

describe('BlastRadii', () => {
  it('finds images and pods by a range of versions of a Debian source package', async () => {
    expect(await imagesOf({ package: 'openssl<3.0.14' })).toEqual([platform, deleted, moved]);
    expect(await podsOf({ package: 'openssl<3.0.14' })).toEqual(['gone-1', 'multi-1', 'old-6b', 'old-us']);
    expect(await podsOf({ package: 'openssl<3.0.14', running: true })).toEqual(['multi-1', 'old-6b', 'old-us']);
    expect(await imagesOf({ package: 'openssl', version: '>=3.0.14' })).toEqual([newest]);
    expect(await imagesOf({ purl: 'pkg:deb/libssl3', version: '<3.0.12' })).toEqual([deleted, moved]);
  });

  it('finds images by a range of versions of an npm package, and by two conditions together', async () => {
    expect(await imagesOf({ package: 'lodash<4.17.21' })).toEqual([deleted, moved]);
    expect(await imagesOf({ package: 'lodash<4.17.21', image: moved })).toEqual([moved]);
    expect(await imagesOf({ package: 'lodash<4.17.21', image: newest })).toEqual([]);
  });

  it('lists an image whose version cannot be compared as unknown', async () => {
    for (const question of [{ package: 'left<2' }, { package: 'tool<2' }]) {
      const { items, counts } = await radii.of(question, page);
      expect(items.length).toBeGreaterThan(0);
      expect(counts).toMatchObject({ images: items.length, unknown: items.length });
      expect(items.every(({ isUnknown, packages }) => isUnknown && packages.every((each) => each.isUnknown))).toBe(
        true,
      );
    }
    const { items } = await radii.of({ package: 'openssl<3.0.14' }, page);
    expect(items.some(({ isUnknown }) => isUnknown)).toBe(false);
  });

  it('lists a running image whose tag moved, with its places and pods of all clusters', async () => {
    const { items, counts } = await radii.of({ image: moved }, page);
    expect(counts).toMatchObject({ images: 1, tagged: 0, workloads: 2, pods: 2, containers: 2, running: 2 });
    expect(items).toMatchObject([
      {
        digest: moved,
        places: [{ repository: 'shop/app', tag: '1.4', isCurrent: false, until: expect.any(Date), pushedBy: 'jane' }],
        workloads: [
          {
            cluster: 'eu1',
            namespace: 'shop',
            kind: 'Deployment',
            name: 'old',
            pods: ['old-6b'],
            running: 1,
            until: null,
          },
          { cluster: 'us1', pods: ['old-us'] },
        ],
      },
    ]);
  });

  it('lists an image whose tag was deleted, and when its pod ended', async () => {
    const { items } = await radii.containers({ image: deleted }, page);
    expect(items).toMatchObject([{ pod: 'gone-1', repository: 'shop/app', tag: '1.3', isRunning: false }]);
    expect(items[0]!.since.getTime()).toBe(now - 20 * day);
    expect(items[0]!.until?.getTime()).toBe(now - 10 * day);
    expect((await radii.of({ image: deleted }, page)).items[0]).toMatchObject({
      tag: '1.3',
      places: [{ isCurrent: false }],
    });
  });

  it('limits a search to tags and containers of a period', async () => {
    const [since, until] = [new Date(now - 15 * day), new Date(now - 8 * day)];
    expect(await podsOf({ secret, since, until })).toEqual(['gone-1']);
    expect(await imagesOf({ secret, since, until })).toEqual([deleted]);
    expect(await podsOf({ secret, since: new Date(now - 8 * day) })).toEqual(['old-6b', 'old-us']);
    expect(await imagesOf({ secret, until: new Date(now - 30 * day) })).toEqual([]);
  });

  it('finds every image that holds a secret, also in a deleted file', async () => {
    const { items } = await radii.of({ secret }, page);
    expect(items.map(({ digest, notes }) => [digest, notes])).toEqual([
      [deleted, ['/app/.env (deleted in layer 4)']],
      [moved, ['/app/.env (deleted in layer 4)']],
    ]);
    expect(await imagesOf({ secret: '0'.repeat(64) })).toEqual([]);
  });

  it('finds images by layer, base image, index digest and distribution', async () => {
    expect(await imagesOf({ layer })).toEqual([moved]);
    expect(await imagesOf({ image: index })).toEqual([platform]);
    for (const question of [{ base }, { base: 'debian:12' }, { base: 'docker.io/library/debian:12' }]) {
      expect(await imagesOf(question)).toEqual([platform, deleted, newest, moved, base]);
    }
    expect(await imagesOf({ base: moved })).toEqual([moved]);
    expect(await imagesOf({ base: 'debian:11' })).toEqual([]);
    const { items } = await radii.of({ base: 'registry.example.com/debian:12' }, page);
    expect(items[0]?.notes).toEqual(['layers']);
  });

  it('finds images by path once their layers are indexed, and reports layers that are not', async () => {
    const entry = { type: 'file' as const, mode: 0o755, uid: 0, gid: 0, size: 1, sha256: 'a'.repeat(64) };
    const table = EntryTable.of(['usr/bin/curl', 'opt/tool'].map((path) => ({ path, ...entry })));
    const entries = Buffer.concat([...encodeEntries(table.pages())]);
    const read = { facts: Buffer.alloc(0), entries, entryCount: 2, uncompressedBytes: 1 };
    const claim = { blobDigest: layer, sizeBytes: 1, diffId: layer };
    await store.transaction((tx) => new Images(store).layerAnalyzed(tx, claim, '1', read));
    expect((await radii.of({ path: '/opt/tool' }, page)).notEvaluated).toMatchObject([
      { code: 'PATHS_NOT_INDEXED', count: 1 },
    ]);
    expect([await paths.indexNext(), await paths.indexNext()]).toEqual([true, false]);
    for (const path of ['/opt/tool', '/usr/bin/curl', '/bin/curl']) expect(await imagesOf({ path })).toEqual([moved]);
    expect((await radii.of({ path: '/opt/to' }, page)).counts.images).toBe(0);
  });

  it('indexes the paths of a file list of several megabytes, and of an empty one', async () => {
    const entry = { mode: 0o644, uid: 0, gid: 0, size: 1 };
    const files = Array.from({ length: 50_000 }, (_, file) => ({
      ...{ ...entry, path: `srv/data/${file}`, type: 'file' as const },
      sha256: hash('sha256', `${file}`, 'hex'),
    }));
    const whiteout = { ...entry, path: 'etc/motd', type: 'file' as const, whiteout: 'file' as const };
    const folder = { ...entry, path: 'srv/data', type: 'directory' as const };
    const [long, empty] = [digestOf('6'), digestOf('7')];
    for (const [diffId, table] of [
      [long, EntryTable.of([folder, ...files, whiteout])],
      [empty, new EntryTable()],
    ] as const) {
      const entries = Buffer.concat([...encodeEntries(table.pages())]);
      const read = { facts: Buffer.alloc(0), entries, entryCount: table.length, uncompressedBytes: 1 };
      const claim = { blobDigest: diffId, sizeBytes: 1, diffId };
      await store.transaction((tx) => new Images(store).layerAnalyzed(tx, claim, '1', read));
    }
    const indexed = [await paths.indexNext(), await paths.indexNext(), await paths.indexNext()];
    expect(indexed).toEqual([true, true, false]);
    const [{ keys }] = (await store.query<{ keys: number }>(
      'SELECT sum(cardinality(path_keys))::int AS keys FROM layer WHERE diff_id = ANY($1)',
      [[long, empty]],
    )) as [{ keys: number }];
    expect(keys).toBe(files.length);
    for (const path of ['/srv/data/0', '/srv/data/25000', '/srv/data/49999']) {
      expect(await paths.layersWith(path)).toEqual([long]);
    }
    for (const path of ['/srv/data', '/etc/motd', '/srv/data/50000']) expect(await paths.layersWith(path)).toEqual([]);
  });

  it('finds images by the name, key and identity of a verified signer', async () => {
    const signature = (verified: boolean) => ({
      ...{ verified, code: null, reason: null, subject: moved, artifact: moved },
      signer: { name: 'release', keyFingerprint: 'sha256:k', identity: null, issuer: null },
    });
    const none = { attestations: [], vex: [], warnings: [] };
    await store.transaction(async (tx) => {
      const provenances = new Provenances(store);
      await provenances.put(tx, place, moved, { signatures: [signature(true)], ...none }, []);
      await provenances.put(tx, place, newest, { signatures: [signature(false)], ...none }, []);
    });
    for (const signer of ['release', 'sha256:k']) expect(await imagesOf({ signer })).toEqual([moved]);
    expect(await imagesOf({ signer: 'other' })).toEqual([]);
  });

  it('shows whether a package is in use where its image was watched', async () => {
    const inUse = async () =>
      (await radii.containers({ package: 'lodash<4.17.21' }, page)).items.map((each) => [
        each.pod,
        each.packages[0]?.inUse,
      ]);
    expect(await inUse()).toContainEqual(['old-6b', null]);
    const used = { imageDigest: moved, how: 'loaded' as const, firstSeen: new Date(), lastSeen: new Date() };
    await store.transaction((tx) => new PackageUses(store).put(tx, [{ ...used, package: 'lodash' }]));
    expect(await inUse()).toContainEqual(['old-6b', true]);
  });

  it('pages through images and containers with the counts of all pages', async () => {
    const walk = async <Item>(next: (after: string | undefined) => Promise<{ items: Item[]; next: string | null }>) => {
      const items: Item[] = [];
      for (let after: string | undefined; ;) {
        const answer = await next(after);
        items.push(...answer.items);
        if (answer.next === null) return items;
        after = answer.next;
      }
    };
    const question = { package: 'openssl' };
    expect(await walk(async (after) => radii.of(question, { limit: 1, after }))).toHaveLength(4);
    const pods = await walk(async (after) => radii.containers(question, { limit: 2, after }));
    expect(pods.map(({ pod }) => pod)).toEqual(['fixed-1', 'gone-1', 'multi-1', 'old-6b', 'old-us']);
    expect((await radii.of(question, { limit: 1 })).counts).toMatchObject({ images: 4, tagged: 2, running: 4 });
  });

  it('finds a digest that runs but was never scanned', async () => {
    await run({ pod: 'stray-1', digest: digestOf('8') });
    expect(await podsOf({ image: digestOf('8') })).toEqual(['stray-1']);
    expect((await radii.of({ image: digestOf('8') }, page)).items).toMatchObject([
      { platform: null, places: [], tag: null },
    ]);
  });

  it('rejects a question without a condition, and a range that cannot be read', async () => {
    await expect(radii.of({ running: true }, page)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(radii.of({ package: 'openssl<' }, page)).rejects.toMatchObject({ code: 'UNPARSABLE_RANGE' });
  });
});
