import { countBySeverity, Secret } from '@tidewaiter/domain';
import { parseSettings } from '@tidewaiter/runtime';
import {
  Advisories,
  AdvisoryAges,
  AdvisoryFeeds,
  connect,
  Findings,
  Images,
  Verdicts,
  OwnerLabels,
  PipelineReports,
  Provenances,
  PushDifferences,
  Pushes,
  Store,
  type PushWarning,
  Owners,
} from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { PushFindings } from './push-findings.js';
import { PushReports } from './push-reports.js';

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let pushes: Pushes;
let images: Images;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  pushes = new Pushes(store);
  images = new Images(store);
});

afterEach(async () => dataSource.destroy());

afterAll(async () => servers.stop());

/** Leaves what a push leaves that the scanner has analyzed; answers its id. */
async function push(digest: string, warnings: PushWarning[] = []): Promise<string> {
  const place = { connection: 'main', repository: 'shop/app', tag: '1' };
  const about = { claimedDigest: digest, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
  const image = { digest, mediaType: 'm', configDigest: digest, platform: 'linux/amd64' };
  const build = { createdAt: null, baseCreatedAt: null, user: null };
  const [id = ''] = await store.transaction(async (tx) => pushes.add(tx, [{ ...place, ...about }]));
  const added = (await pushes.get(id))!;
  await store.transaction(async (tx) => {
    await images.add(tx, [{ ...image, ...build, labels: {}, layers: [], findings: [], configVersion: null }]);
    await pushes.resolved(tx, added, { digest, mediaType: 'm', registryHost: 'r:5000', imageDigests: [digest] });
    await pushes.analyzed(tx, id, { verdict: 'unknown', counts: countBySeverity([]), warnings });
  });
  return id;
}

/** Puts a package with a known hole into an image. */
async function addHole(digest: string): Promise<void> {
  await store.query(
    `INSERT INTO package (id, purl, type, name, version, source_name, source_version, licenses)
     VALUES (1, 'pkg:deb/debian/openssl@1', 'deb', 'openssl', '1', 'openssl', '1', '{}')`,
  );
  await store.query(
    `INSERT INTO image_package (image_digest, package_id, layer, state, found_in) VALUES ($1, 1, 0, 'present', 'db')`,
    [digest],
  );
  await store.query(
    `INSERT INTO advisory (id, vulnerability_id, aliases, title, severity, modified, change)
     VALUES ('CVE-1', 'CVE-1', '{}', 'a hole', 'high', now(), 1)`,
  );
  await store.query(
    `INSERT INTO package_match (package_id, advisory_id, state, fix_state) VALUES (1, 'CVE-1', 'affected', 'fixed')`,
  );
}

const exception = 'exceptions: [ { repository: "shop/*", finding: CVE-1, reason: r, owner: o, until: 2999-01-01 } ]';

it.each([
  ['nothing of a push that could not be read whole', [{ code: 'MALFORMED_FILE', message: 'damaged' }], '', []],
  ['what a push no longer has', [], '', ['CVE-1']],
  ['nothing of what somebody bears with', [], exception, []],
])('calls resolved %s', async (_, warnings, settings, resolved) => {
  const { rules } = parseSettings(settings, () => '');
  await push(digestOf('a'));
  await addHole(digestOf('a'));
  const pushId = await push(digestOf('b'), warnings);
  const advisories = new Advisories(store);
  const ages = new AdvisoryAges(store, new AdvisoryFeeds(store, advisories));
  const report = await new PushReports(
    pushes,
    new PushFindings(pushes, images, new Verdicts(images, new Findings(store), new Provenances(store), rules, ages)),
    new PushDifferences(store),
    new PipelineReports(store),
    new Owners({ rules: [{ repository: 'shop/*', owner: 'team-shop' }], labels: [] }, new OwnerLabels(store)),
  ).of(await pushes.get(pushId), {
    pushId,
    connection: 'main',
    repository: 'shop/app',
    tag: '1',
    digest: digestOf('b'),
    previousDigest: digestOf('a'),
    platforms: [],
    counts: countBySeverity([]),
    verdict: 'unknown',
    changes: null,
  });
  expect(report?.owner).toBe('team-shop');
  expect(report?.resolved.map(({ finding }) => finding.id)).toEqual(resolved);
});

describe('PushFindings', () => {
  const [one, two] = [digestOf('a'), digestOf('b')];
  const secret = { id: 'private-key', fingerprint: 'secret:f', severity: 'critical', title: 'Private key' };
  const file = { kind: 'secret', aliases: [], path: 'app/key.pem', layer: 1, fix: { state: 'unknown', version: null } };

  async function addSecret(image: string, state: 'present' | 'shadowed'): Promise<void> {
    const evidence = state === 'present' ? { line: 3 } : { line: 3, removedInLayer: 4 };
    const finding = { ...secret, ...file, state, evidence, packageName: null, installedVersion: null, purl: null };
    await store.query(
      `INSERT INTO image_finding (image_digest, fingerprint, source, finding) VALUES ($1, 'f', 'layers', $2)`,
      [image, JSON.stringify(finding)],
    );
    await store.query(
      `INSERT INTO image_layer (image_digest, index, blob_digest, diff_id, size_bytes, media_type, created_by)
       VALUES ($1, 1, $2, $2, 1, 'm', 'COPY . /app')`,
      [image, digestOf('c')],
    );
  }

  async function findingsOf(pushId: string) {
    const [advisories, { rules }] = [new Advisories(store), parseSettings('', () => '')];
    const ages = new AdvisoryAges(store, new AdvisoryFeeds(store, advisories));
    const evaluations = new Verdicts(images, new Findings(store), new Provenances(store), rules, ages);
    return new PushFindings(pushes, images, evaluations).of((await pushes.get(pushId))!, true);
  }

  it('has nothing new in the same digest again, as a repeated webhook brings it', async () => {
    const first = await push(one);
    await addSecret(one, 'present');
    expect((await findingsOf(first)).findings).toMatchObject([{ isNew: true }]);
    expect((await findingsOf(await push(one))).findings).toMatchObject([{ isNew: false }]);
  });

  it('has no end of support again that an earlier push had', async () => {
    const ended = async (digest: string) => {
      const id = await push(digest);
      const os = { id: 'alpine', versionId: '3.10.9', name: 'Alpine Linux v3.10' };
      await store.query('UPDATE image SET os = $2 WHERE digest = $1', [digest, JSON.stringify(os)]);
      await store.transaction(async (tx) => pushes.announce(tx, id, { announced: [], signatureDueAt: null }));
      return id;
    };
    const end = (isNew: boolean) => [{ finding: { id: 'end-of-life-distribution' }, isNew }];
    expect((await findingsOf(await ended(one))).findings).toMatchObject(end(true));
    expect((await findingsOf(await ended(one))).findings).toMatchObject(end(false));
    expect((await findingsOf(await ended(two))).findings).toMatchObject(end(false));
  });

  it('names the layer and the build step of a secret that a later layer deletes', async () => {
    const pushId = await push(one);
    await addSecret(one, 'shadowed');
    expect((await findingsOf(pushId)).findings).toMatchObject([
      { isNew: true, layer: { digest: digestOf('c'), createdBy: 'COPY . /app' }, finding: { state: 'shadowed' } },
    ]);
  });

  it.each([
    ['deleted in both pushes', 'shadowed', 'shadowed', false],
    ['deleted by the later push, in a layer above it', 'present', 'shadowed', false],
    ['brought back by the later push', 'shadowed', 'present', true],
  ] as const)('calls a secret neither new nor fixed that is %s, unless it comes back', async (_, then, now, isNew) => {
    await push(one);
    await addSecret(one, then);
    const pushId = await push(two);
    await addSecret(two, now);
    const { findings, resolved } = await findingsOf(pushId);
    expect(findings.map((each) => each.isNew)).toEqual([isNew]);
    expect(resolved).toEqual([]);
  });

  it('calls a deleted secret fixed when no layer has it any more', async () => {
    await push(one);
    await addSecret(one, 'shadowed');
    expect((await findingsOf(await push(two))).resolved).toMatchObject([{ finding: { id: 'private-key' } }]);
  });
});
