import { type Digest, type Incident, Secret } from '@tidewaiter/domain';
import { packManifest } from '@tidewaiter/facts';
import { encodeEntries, EntryTable, type LayerEntry } from '@tidewaiter/oci';
import { minerIncident, throwAwayServers, type ThrowAwayServers, uuidOf } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { FileContents } from '../images/file-contents.js';
import { Findings, type ImageFinding } from '../images/findings.js';
import { ImageManifests } from '../images/image-manifests.js';
import { Images, type EvaluatedPackage } from '../images/images.js';
import { PackageUses } from '../images/package-use.js';
import { Pushes } from '../images/pushes/pushes.js';
import { WorkloadLedger } from '../workloads/workload-ledger.js';
import { IncidentReaches } from './incident-reaches.js';
import { Incidents, type StoredIncident } from './incidents.js';

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
/**
 * The image of the incident, one that shares its upper layer, one that shares a package, one that
 * shares its base alone.
 */
const [own, sister, cousin, stranger] = ['a', 'b', 'c', 'd'].map(digestOf) as [Digest, Digest, Digest, Digest];
const [base, app, other] = ['1', '2', '3'].map(digestOf) as [Digest, Digest, Digest];

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let reaches: IncidentReaches;

const file = (path: string): LayerEntry => ({
  path,
  type: 'file',
  mode: 0o755,
  uid: 0,
  gid: 0,
  size: 1,
  sha256: 'a'.repeat(64),
});

const packageOf = (name: string): EvaluatedPackage => ({
  purl: `pkg:deb/debian/${name}@1`,
  type: 'deb',
  name,
  version: '1',
  arch: 'amd64',
  source: { name, version: '1' },
  licenses: [],
  foundIn: 'var/lib/dpkg/status',
  layer: 0,
  state: 'present',
  key: null,
});

async function push(
  digest: Digest,
  name: string,
  layers: readonly Digest[],
  packages: readonly string[],
): Promise<void> {
  const images = new Images(store);
  const pushes = new Pushes(store);
  const place = { connection: 'main', repository: name, tag: '1' };
  const facts = { claimedDigest: null, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
  const [id] = await store.transaction((tx) => pushes.add(tx, [{ ...place, ...facts }]));
  const found = { digest, mediaType: 'm', registryHost: 'registry.example.com', imageDigests: [digest] };
  const known = (await pushes.get(id!))!;
  const described = {
    mediaType: 'm',
    configDigest: digest,
    platform: 'linux/amd64',
    createdAt: null,
    baseCreatedAt: null,
  };
  await store.transaction(async (tx) => {
    await images.add(tx, [
      {
        ...described,
        digest,
        user: null,
        labels: {},
        findings: [],
        configVersion: null,
        layers: layers.map((diffId, index) => ({ index, digest: diffId, diffId, mediaType: 'm', sizeBytes: 1 })),
      },
    ]);
    const inventory = { os: null, packages: packages.map(packageOf), warnings: [], findings: [], notEvaluated: [] };
    await images.analyzed(tx, digest, '1', inventory);
    await pushes.resolved(tx, known, found);
    await tx.query(`UPDATE push SET state = 'analyzed' WHERE id = $1`, [id]);
  });
}

async function layer(diffId: Digest, paths: readonly string[]): Promise<void> {
  const entries = Buffer.concat([...encodeEntries(EntryTable.of(paths.map(file)).pages())]);
  const result = { facts: Buffer.alloc(0), entries, entryCount: paths.length, uncompressedBytes: 1 };
  await store.transaction((tx) =>
    new Images(store).layerAnalyzed(tx, { blobDigest: diffId, sizeBytes: 1, diffId }, '1', result),
  );
}

async function incidentWith(more: Partial<Incident>): Promise<StoredIncident> {
  const incident = minerIncident({ imageDigest: own, workloads: [], artifacts: [], ...more });
  await store.transaction((tx) => new Incidents(store).apply(tx, [{ kind: 'opened', incident }]));
  return (await new Incidents(store).get(incident.id))!;
}

const sharesOf = async (incident: StoredIncident, findings: readonly ImageFinding[] = []) => {
  const { images } = await reaches.of(incident, findings);
  expect(images.total).toBe(images.items.length);
  return Object.fromEntries(images.items.map(({ repository, shares }) => [repository, shares]));
};

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  const manifests = new ImageManifests(store, new Images(store));
  reaches = new IncidentReaches(store, new WorkloadLedger(store), manifests, new FileContents(store));
  await layer(base, ['bin/sh', 'app/server']);
  await layer(app, ['app/server']);
  await layer(other, ['app/other']);
  await push(own, 'own', [base, app], ['dash', 'log4j']);
  const known = { sha256: null };
  const files = packManifest([
    { ...known, path: '/bin/sh', package: 'dash' },
    { ...known, path: '/app/server', package: null },
  ]);
  await store.transaction((tx) => manifests.put(tx, own, files));
  await push(sister, 'sister', [base, app], ['dash']);
  await push(cousin, 'cousin', [base, other], ['dash', 'log4j']);
  await push(stranger, 'stranger', [base, other], ['dash']);
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

describe('IncidentReaches', () => {
  it('returns the tags of the same image', async () => {
    expect(await sharesOf(await incidentWith({}))).toEqual({ own: 'image' });
  });

  it('returns images that share the topmost layer with a file of the incident', async () => {
    const incident = await incidentWith({
      id: uuidOf('layer'),
      artifacts: ['/bin/sh', '/app/server', '/tmp/x'].map((value) => ({ kind: 'path' as const, value })),
    });
    expect(await sharesOf(incident)).toEqual({ own: 'image', sister: 'layer with /app/server' });
  });

  it('returns images with a file of the incident under any path, except files of packages', async () => {
    const manifests = new ImageManifests(store, new Images(store));
    const at = (path: string, letter: string, owner: string | null = null) => ({
      path,
      sha256: letter.repeat(64),
      package: owner,
    });
    const shell = at('/bin/sh', '5', 'dash');
    const put = async (digest: Digest, files: ReturnType<typeof at>[]) =>
      store.transaction((tx) => manifests.put(tx, digest, packManifest([shell, ...files])));
    await put(own, [at('/app/server', '6')]);
    await put(cousin, [at('/opt/renamed', '6')]);
    await put(stranger, [at('/opt/miner', '7')]);
    await store.query('UPDATE image_manifest SET contents = NULL');
    await new FileContents(store).list(9);
    const artifacts = [
      ...['5', '7', 'not a hash '].map((letter) => ({ kind: 'sha256' as const, value: letter.repeat(64) })),
      { kind: 'path' as const, value: '/app/server' },
    ];
    expect(await sharesOf(await incidentWith({ id: uuidOf('content'), artifacts }))).toEqual({
      own: 'image',
      sister: 'layer with /app/server',
      cousin: 'file /app/server',
      stranger: `file sha256:${'7'.repeat(64)}`,
    });
    // By its content alone, in an incident with an unknown image.
    const seen = ['5', '6'].map((letter) => ({ kind: 'sha256' as const, value: letter.repeat(64) }));
    expect(await sharesOf(await incidentWith({ id: uuidOf('known'), artifacts: seen }))).toEqual({
      own: 'image',
      cousin: 'file /app/server',
    });
    expect(await sharesOf(await incidentWith({ id: uuidOf('alone'), imageDigest: null, artifacts: seen }))).toEqual({
      own: `file sha256:${'6'.repeat(64)}`,
      cousin: `file sha256:${'6'.repeat(64)}`,
    });
  });

  it('returns images with a malicious package of the incident', async () => {
    const artifacts = ['log4j', 'dash'].map((value) => ({ kind: 'package' as const, value }));
    const incident = await incidentWith({ id: uuidOf('package'), artifacts });
    const finding = { packageName: 'log4j', severity: 'critical', kev: true } as ImageFinding;
    expect(await sharesOf(incident, [finding])).toEqual({ own: 'image', cousin: 'package log4j' });
    expect(await sharesOf(incident)).toEqual({ own: 'image' });
  });

  it('returns images with a secret of the incident, also deleted ones', async () => {
    const value = 'e'.repeat(64);
    const finding = (state: string) => JSON.stringify({ kind: 'secret', state, evidence: { valueFingerprint: value } });
    await store.query(
      `INSERT INTO image_finding (image_digest, fingerprint, source, finding) VALUES ($1, 'key', 'layers', $3), ($2, 'key', 'layers', $4)`,
      [own, stranger, finding('present'), finding('shadowed')],
    );
    const incident = await incidentWith({ id: uuidOf('secret'), artifacts: [{ kind: 'secret', value }] });
    expect(await sharesOf(incident)).toEqual({ own: 'image', stranger: 'secret' });
    await store.query('DELETE FROM image_finding');
  });

  it('returns workloads that run one of the images, except those of the incident', async () => {
    const container = (name: string, digest: Digest) => ({
      ...{
        id: `${name}-${digest.slice(-8)}`.padEnd(64, '0'),
        name: 'app',
        kind: 'app' as const,
        cluster: 'eu1',
        node: 'node-1',
      },
      ...{
        pod: null,
        podUid: null,
        serviceAccount: null,
        repository: null,
        tag: null,
        privileged: null,
        overrides: null,
      },
      workload: { cluster: 'eu1', namespace: 'shop', kind: 'Deployment', name },
      digest,
      claimedDigests: [digest],
      ...{ startedAtMs: null, endedAtMs: null, firstSeenMs: Date.now(), lastSeenMs: Date.now() },
    });
    await store.transaction((tx) =>
      new WorkloadLedger(store).put(tx, [
        container('own', own),
        container('beside', own),
        container('sister', sister),
        container('stranger', stranger),
      ]),
    );
    const workloads = [{ cluster: 'eu1', workload: 'shop/Deployment/own', imageDigest: own, firstSeen: 'x', pods: [] }];
    const artifacts = [{ kind: 'path' as const, value: '/app/server' }];
    const incident = await incidentWith({ id: uuidOf('workloads'), workloads, artifacts });
    const { items, total } = (await reaches.of(incident, [])).workloads;
    expect(total).toBe(2);
    expect(Object.fromEntries(items.map(({ workload, shares }) => [workload, shares]))).toEqual({
      'shop/Deployment/beside': 'image',
      'shop/Deployment/sister': 'layer with /app/server',
    });
  });

  it('returns incidents with the same specific artifacts', async () => {
    const seen = [
      { kind: 'path' as const, value: '/bin/sh' },
      { kind: 'destination' as const, value: 'pool.example.net:3333' },
    ];
    await incidentWith({ id: uuidOf('first'), artifacts: seen });
    await incidentWith({ id: uuidOf('shell'), artifacts: seen.slice(0, 1) });
    const { incidents } = await reaches.of(await incidentWith({ id: uuidOf('second'), artifacts: seen }), []);
    expect(incidents).toMatchObject([{ id: uuidOf('first'), shares: ['destination pool.example.net:3333'] }]);
  });

  it('sorts running images first', async () => {
    await store.query(
      `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, change)
     SELECT 'DSA-' || name, 'CVE-' || name, '{}', name, severity, now(), 1 FROM (VALUES ('dash', 'low'), ('log4j', 'critical')) AS row (name, severity)`,
    );
    await store.query(
      `INSERT INTO package_match (package_id, advisory_id, vulnerability_ids, state, fix_state, fix_version, evidence)
     SELECT id, 'DSA-' || name, ARRAY['CVE-' || name], 'affected', 'fixed', '2', '{}' FROM package`,
    );
    const found = async () =>
      (await new Findings(store).of([own])).map(({ id, running, inUse }) => ({ id, running, inUse }));
    expect(await found()).toEqual([
      { id: 'CVE-log4j', running: true, inUse: null },
      { id: 'CVE-dash', running: true, inUse: null },
    ]);
    const now = new Date();
    const used = { imageDigest: own, package: 'dash', how: 'executed' as const, firstSeen: now, lastSeen: now };
    await store.transaction((tx) => new PackageUses(store).put(tx, [used]));
    expect(await found()).toEqual([
      { id: 'CVE-dash', running: true, inUse: true },
      { id: 'CVE-log4j', running: true, inUse: false },
    ]);
  });
});
