import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';

import { analyzeLayer, encodeFacts, imageFiles } from '@tidewaiter/analyzers';
import { type Digest, findingOf, type Observation, Secret, type Signature } from '@tidewaiter/domain';
import { contentKeysOf, factContext, factField, factsFromFile, packManifest } from '@tidewaiter/facts';
import { encodeEntries, EntryTable, type LayerEntry, overlay } from '@tidewaiter/oci';
import { tarArchive, type TarEntry, throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { connect } from '../core/data-source.js';
import { Store } from '../core/store.js';
import { deleteExpired } from '../core/sweeper.js';
import { WorkloadLedger } from '../workloads/workload-ledger.js';
import { FileContents } from './file-contents.js';
import { Findings } from './findings.js';
import { StoredImageDirectory } from './image-directory.js';
import { ImageFactsOf } from './image-facts.js';
import { ImageManifests } from './image-manifests.js';
import { ImageOrigins } from './image-origins.js';
import { Images } from './images.js';
import { LayerPaths } from './layer-paths.js';
import { Provenances } from './pushes/provenances.js';
import { PushDifferences } from './pushes/push-differences.js';
import { type Push, Pushes } from './pushes/pushes.js';
import { blastRadiiOf } from './search/blast-radius.js';
import { StoredFacts } from './stored-facts.js';

const digestOf = (letter: string): Digest => `sha256:${letter.repeat(64)}`;
const [older, newer] = [digestOf('a'), digestOf('b')];
const mediaType = 'application/vnd.oci.image.layer.v1.tar';
const fingerprint = 'f'.repeat(64);
const place = { connection: 'main', repository: 'shop/api' };

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let images: Images;
let contents: FileContents;
let factsOf: ImageFactsOf;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  images = new Images(store);
  contents = new FileContents(store);
  const manifests = new ImageManifests(store, images);
  const origins = new ImageOrigins(store, images, manifests, new Provenances(store), new PushDifferences(store));
  factsOf = new ImageFactsOf(store, images, manifests, new Findings(store), origins);
});

afterEach(async () => dataSource.destroy());
afterAll(async () => servers.stop());

/** An analyzed image, pushed under a tag. */
async function pushed(digest: Digest, files: TarEntry[], pushedBy: string, program: string, tag = '1'): Promise<Push> {
  const { facts, entries } = await analyzeLayer(() => Readable.from([tarArchive(files)]), {
    mediaType,
    isInspected: true,
  });
  const layer = { index: 0, digest, diffId: digest, mediaType, sizeBytes: 1 };
  const settings = [{ field: 'entrypoint', shown: `${program} with 2 arguments` }];
  const config = { settings, steps: [], stepHosts: [], base: { name: null, digest: null }, fingerprintedBy: null };
  const secret = findingOf({
    ...{
      kind: 'secret',
      id: 'aws-access-token',
      severity: 'critical',
      title: 'key',
      fingerprint: digest,
      layer: 0,
      state: 'shadowed',
    },
    path: 'app/.env',
    evidence: { valueFingerprint: fingerprint },
  });
  const modified = findingOf({
    ...{
      kind: 'integrity',
      id: 'package-file-modified',
      severity: 'high',
      title: 'changed',
      fingerprint: 'x',
      layer: 0,
      state: 'present',
    },
    path: 'usr/bin/tool',
  });
  const pushes = new Pushes(store);
  const [id] = await store.transaction((tx) =>
    pushes.add(tx, [
      { ...place, tag, claimedDigest: null, artifact: 'image', attachedTo: null, pushedBy, pushedAt: null },
    ]),
  );
  const push = (await pushes.get(id!))!;
  await store.transaction(async (tx) => {
    const read = {
      facts: encodeFacts(facts),
      entries: Buffer.concat([...encodeEntries(EntryTable.of(entries).pages())]),
      entryCount: 1,
      uncompressedBytes: 1,
    };
    await images.layerAnalyzed(tx, { blobDigest: digest, sizeBytes: 1, diffId: digest }, '1', read);
    await images.add(tx, [
      {
        ...{
          digest,
          mediaType: 'm',
          configDigest: digestOf(digest === older ? 'c' : 'd'),
          platform: 'linux/amd64',
          layers: [layer],
          config,
        },
        ...{ createdAt: '2026-01-01T00:00:00.000Z', baseCreatedAt: null, user: 'app', labels: {}, findings: [] },
        configVersion: null,
      },
    ]);
    await contents.put(
      tx,
      digest,
      [{ diffId: digest, keys: contentKeysOf(entries, entries.length) }],
      packManifest(imageFiles([{ facts, entries }], overlay([entries]))),
    );
    await images.analyzed(tx, digest, '1', {
      os: null,
      packages: [],
      warnings: [],
      findings: digest === newer ? [secret, modified] : [],
      notEvaluated: [],
    });
    await pushes.resolved(tx, push, {
      digest,
      mediaType: 'm',
      registryHost: 'registry.example.com',
      imageDigests: [digest],
    });
    await tx.query(`UPDATE push SET state = 'analyzed' WHERE id = $1`, [id]);
  });
  return push;
}

async function signedBy(digest: Digest, identity: string): Promise<void> {
  const signature = { verified: true, code: null, reason: null, subject: digest, artifact: digest } as const;
  const signer = { name: 'ci', keyFingerprint: null, identity, issuer: 'https://issuer.example.com' };
  const signatures: Signature[] = [{ ...signature, signer }];
  const known = { signatures, attestations: [], vex: [], warnings: [] };
  await store.transaction((tx) => new Provenances(store).put(tx, place, digest, known, []));
}

const contentOf = (text: string) => createHash('sha256').update(text).digest('hex');
const file = (path: string, content = path): TarEntry => ({ path, content });

async function pushBoth(): Promise<void> {
  await pushed(older, [file('usr/bin/tool'), file('app/server', 'old')], 'ci', '/app/server');
  await pushed(
    newer,
    [file('usr/bin/tool'), file('app/server', 'new'), file('app/.helper')],
    'mallory',
    '/app/.helper',
  );
  await signedBy(older, 'release@example.com');
  await signedBy(newer, 'mallory@example.com');
}

describe('ImageFactsOf', () => {
  it('assembles the facts of an image for rules', async () => {
    await pushBoth();
    const { facts, bytes } = (await factsOf.load(newer))!;
    expect(facts).toMatchObject({
      repository: 'registry.example.com/shop/api',
      tag: '1',
      pushedBy: 'mallory',
      entrypoint: ['/app/.helper'],
      user: 'app',
      signed: true,
      signerChanged: true,
      provenanceVerified: false,
      previous: [{ digest: older, isOfTag: true, pushedBy: 'ci', signed: true, entrypoint: ['/app/server'] }],
      secrets: [{ id: 'aws-access-token', path: '/app/.env', fingerprint, accessKeyId: null }],
    });
    expect(facts.flagged.get('/usr/bin/tool')).toEqual({ kind: 'integrity', id: 'package-file-modified' });
    expect([facts.files.get('/app/.helper'), facts.previous[0]!.files!.get('/app/.helper')]).toEqual([
      { sha256: expect.any(String), package: null },
      null,
    ]);
    expect(bytes).toBeGreaterThan(500);
  });

  it('uses the previous release as the image before a new tag', async () => {
    await pushed(older, [file('usr/bin/tool'), file('app/server', 'old')], 'ci', '/app/server', '1.0');
    const files = [file('usr/bin/tool'), file('app/server', 'new'), file('app/.helper')];
    const push = await pushed(newer, files, 'mallory', '/app/.helper', '1.1');
    await signedBy(older, 'release@example.com');
    await signedBy(newer, 'mallory@example.com');
    expect((await factsOf.load(newer))!.facts).toMatchObject({ previous: [], signerChanged: null });
    const baseline = { tag: '1.0', digest: older, reason: 'previous-version', line: '1' } as const;
    await store.query('UPDATE push SET compared_with = $2 WHERE id = $1', [push.id, JSON.stringify(baseline)]);
    const { facts } = (await factsOf.load(newer))!;
    expect(facts).toMatchObject({
      tag: '1.1',
      signerChanged: true,
      previous: [{ digest: older, isOfTag: false, pushedBy: 'ci', signed: true, entrypoint: ['/app/server'] }],
    });
    const ran = {
      ...{ container: { id: 'c', imageDigest: newer }, pod: null, process: { executable: '/app/.helper' } },
      ...{ file: null, network: null, request: null, alert: null, activity: 'exec', timeMs: Date.now(), cluster: null },
    } as unknown as Observation;
    const known = new StoredFacts(factsOf);
    await known.prefetch([newer], [], 0);
    const { policy } = factsFromFile({});
    const context = factContext({ facts: known, policy });
    const answers = ['Image.TagMoved', 'Image.PusherChanged', 'Image.EntrypointChanged', 'File.AddedSinceDigest'];
    expect(answers.map((name) => factField(name, ran, context))).toEqual([false, true, true, true]);
  });

  it('uses only images of the same platform, and the tag before the release', async () => {
    await pushed(older, [file('app/server', 'old')], 'ci', '/app/server', '1.0');
    const push = await pushed(newer, [file('app/server', 'new')], 'ci', '/app/server', '1.1');
    const baseline = { tag: '1.0', digest: older, reason: 'previous-version', line: '1' } as const;
    await store.query('UPDATE push SET compared_with = $2 WHERE id = $1', [push.id, JSON.stringify(baseline)]);
    await store.query(`UPDATE image SET platform = 'linux/arm64' WHERE digest = $1`, [older]);
    expect((await factsOf.load(newer))!.facts.previous).toEqual([]);
    const again = digestOf('e');
    await pushed(again, [file('app/server', 'newest')], 'ci', '/app/server', '1.1');
    expect((await factsOf.load(again))!.facts.previous).toMatchObject([{ digest: newer, isOfTag: true }]);
  });

  it('returns null for an image without analysis or with a missing layer', async () => {
    await pushBoth();
    expect(await factsOf.load(digestOf('9'))).toBeNull();
    await store.query('DELETE FROM layer_blob WHERE diff_id = $1', [newer]);
    await store.query('DELETE FROM layer WHERE diff_id = $1', [newer]);
    expect(await factsOf.load(newer)).toBeNull();
  });

  it('finds images by the content of a file', async () => {
    await pushBoth();
    await Promise.all([factsOf.load(older), factsOf.load(newer)]);
    const radii = blastRadiiOf(store);
    const placesOf = async (content: string) => {
      const { counts, items } = await radii.of({ sha256: contentOf(content) }, { limit: 10, after: undefined });
      expect(counts).toMatchObject({ packages: 0, images: items.length, repositories: items.length });
      return items.map(({ digest, paths, purls }) => ({ digest, paths, purls }));
    };
    const helper = [{ digest: newer, paths: ['/app/.helper'], purls: [] }];
    expect(await placesOf('app/.helper')).toEqual(helper);
    // Although its tag has moved on.
    expect(await placesOf('old')).toMatchObject([{ digest: older }]);
    expect([await placesOf(''), await placesOf('other')]).toEqual([[], []]);
    expect(await contents.holding(contentOf('old'))).toEqual([older]);
  });

  it('finds no image by a content that an upper layer hides', async () => {
    await pushBoth();
    const entries = ['usr/bin/tool', 'new'].map((text): LayerEntry => {
      return { path: text, type: 'file', mode: 0, uid: 0, gid: 0, size: 1, sha256: contentOf(text) };
    });
    const visible = packManifest([{ path: '/app/server', sha256: contentOf('new'), package: null }]);
    await store.transaction((tx) =>
      contents.put(tx, newer, [{ diffId: newer, keys: contentKeysOf(entries, entries.length) }], visible),
    );
    expect(await contents.holding(contentOf('usr/bin/tool'))).toEqual([older]);
  });

  it('believes no manifest that claims the layer of another blob', async () => {
    await pushBoth();
    await store.query('UPDATE image_layer SET blob_digest = $2 WHERE image_digest = $1', [newer, digestOf('f')]);
    expect(await contents.holding(contentOf('usr/bin/tool'))).toEqual([older]);
  });

  it('finds an image while its contents are listed, and by its layers afterwards', async () => {
    await pushBoth();
    await Promise.all([factsOf.load(older), factsOf.load(newer)]);
    const holders = async () => [await contents.holding(contentOf('new')), await contents.holding('none')];
    await store.query('UPDATE image SET hidden_contents = NULL');
    await store.query('UPDATE image_manifest SET contents = NULL');
    await store.query('UPDATE layer SET content_keys = NULL, path_keys = NULL');
    expect(await holders()).toEqual([[], []]);
    expect([await contents.list(1), await contents.list(9), await contents.list(9)]).toEqual([1, 1, 0]);
    expect(await holders()).toEqual([[newer], []]);

    expect(await contents.convert('', 1)).toBe(older);
    expect(await contents.convert(older, 9)).toBe(newer);
    expect(await store.query('SELECT FROM image WHERE hidden_contents IS NULL')).toHaveLength(2);
    const paths = new LayerPaths(store);
    while (await paths.indexNext());
    await contents.convert('', 9);
    expect(await contents.convert('', 9)).toBeNull();
    expect(await store.query(`SELECT hidden_contents AS hidden FROM image`)).toEqual([{ hidden: [] }, { hidden: [] }]);
    await store.query('DELETE FROM image_manifest');
    expect(await holders()).toEqual([[newer], []]);
  });

  it('keeps the files of images that run, and rebuilds the others', async () => {
    await pushBoth();
    await Promise.all([factsOf.load(older), factsOf.load(newer)]);
    await store.query(`UPDATE image_manifest SET stored_at = now() - interval '25 hours'`);
    await store.query(
      `INSERT INTO container_ledger (container_id, image_digest, claimed_digests, first_seen, last_seen) VALUES ('a', $1, '{}', now(), now())`,
      [newer],
    );
    await store.transaction((tx) => deleteExpired(tx, 'hourly', 'scanner'));
    expect(await store.query('SELECT image_digest AS digest FROM image_manifest')).toEqual([{ digest: newer }]);
    expect((await factsOf.load(older))!.facts.files.get('/app/server')).toMatchObject({ sha256: contentOf('old') });
  });

  it('keeps the files of an image that is too large to be merged where it is asked for', async () => {
    await pushBoth();
    await Promise.all([factsOf.load(older), factsOf.load(newer)]);
    await store.query(
      `UPDATE layer SET entry_count = 300001 WHERE diff_id IN (SELECT diff_id FROM image_layer WHERE image_digest = $1)`,
      [older],
    );
    await store.query(`UPDATE image_manifest SET stored_at = now() - interval '25 hours'`);
    await store.transaction((tx) => deleteExpired(tx, 'hourly', 'scanner'));
    expect((await factsOf.load(older))!.facts.files.get('/app/server')).toMatchObject({ sha256: contentOf('old') });
    // Lost all the same, it is not known; a detector must not merge it.
    await store.query('DELETE FROM image_manifest');
    expect(await factsOf.load(older)).toBeNull();
  });

  it('caches facts until they change', async () => {
    await pushBoth();
    const key = { id: 'AKIA****', fingerprint };
    const known = new StoredFacts(factsOf);
    expect([known.image(newer), known.secretOfKey(key)]).toEqual([null, null]);
    await Promise.all([known.prefetch([newer, newer], [fingerprint], 0), known.prefetch([newer], [], 0)]);
    expect(known.image(newer)?.tag).toBe('1');
    expect(known.secretOfKey(key)).toMatchObject({ digest: newer, secret: { fingerprint } });
    known.forget(newer);
    expect([known.image(newer), known.bytes]).toEqual([null, 0]);
  });

  it('retries unknown facts after a while', async () => {
    const known = new StoredFacts(factsOf);
    await known.prefetch([newer], ['AKIAX'], 0);
    expect([known.needs(newer, 1000), known.needs(newer, 60_000)]).toEqual([false, true]);
    await pushBoth();
    await known.prefetch([newer], [], 60_000);
    expect(known.image(newer)?.digest).toBe(newer);
  });

  it('limits the memory of the cache', async () => {
    await pushBoth();
    const known = new StoredFacts(factsOf, { maxBytes: 100 });
    await known.prefetch([newer, older], [], 0);
    expect([known.image(newer), known.image(older)?.digest]).toEqual([null, older]);
  });

  it('queues a new evaluation of a tagged image that begins to run', async () => {
    await pushBoth();
    const ledger = new WorkloadLedger(store);
    const jobs = async () => store.query<{ key: string }>(`SELECT key FROM job WHERE queue = 'reevaluate'`);
    const runs = async (digest: Digest) => {
      const unsaid = {
        kind: null,
        cluster: null,
        node: null,
        pod: null,
        podUid: null,
        serviceAccount: null,
        workload: null,
      };
      const at = { startedAtMs: null, endedAtMs: null, firstSeenMs: Date.now(), lastSeenMs: Date.now() };
      const named = {
        id: digest.slice(7),
        name: null,
        claimedDigests: [],
        repository: null,
        tag: null,
        privileged: null,
        overrides: null,
      };
      await store.transaction((tx) => ledger.put(tx, [{ ...unsaid, ...at, ...named, digest }]));
    };
    await runs(older);
    expect(await jobs()).toEqual([]);
    await runs(newer);
    const [push] = await store.query<{ id: string }>('SELECT id FROM push WHERE digest = $1', [newer]);
    expect(await jobs()).toEqual([{ key: push!.id }]);
    await store.query('DELETE FROM job');
    await runs(newer);
    expect(await jobs()).toEqual([]);
    expect(await images.areRunning([newer])).toBe(true);
  });

  it('returns the manifests of a digest and of a tag', async () => {
    const before = Date.now() - 1000;
    await pushBoth();
    const directory = new StoredImageDirectory(store);
    const reference = { repository: 'registry.example.com/shop/api', tag: '1' };
    await directory.prefetch([older, digestOf('d'), digestOf('9')], [reference], Date.now());
    const manifest = (digest: Digest) => [{ digest, platform: 'linux/amd64' }];
    expect(directory.manifestsOf(older)).toEqual(manifest(older));
    expect(directory.manifestsOf(digestOf('d'))).toEqual(manifest(newer));
    expect(directory.manifestsOf(digestOf('9'))).toEqual([]);
    expect(directory.tagAt(reference.repository, '1', Date.now())).toBe(newer);
    expect(directory.tagAt(reference.repository, '1', before)).toBeNull();
    expect(directory.tagAt(reference.repository, '2', Date.now())).toBeNull();
  });

  it('returns the digest of a tag before its first push only if the tag existed and never moved', async () => {
    await pushed(older, [file('app/server')], 'ci', '/app/server');
    const tagAt = async (at: string) => {
      const directory = new StoredImageDirectory(store);
      const repository = 'registry.example.com/shop/api';
      await directory.prefetch([], [{ repository, tag: '1' }], Date.now());
      return directory.tagAt(repository, '1', Date.parse(at));
    };
    const [built, started] = ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'];
    // It was pushed just now, so the tag did not exist before.
    expect(await tagAt(started)).toBeNull();
    await store.query(`UPDATE push SET origin = 'imported'`);
    expect([await tagAt(started), await tagAt(built), await tagAt('2025-12-31T00:00:00Z')]).toEqual([
      older,
      older,
      null,
    ]);
    for (const unsaid of [null, '1970-01-01']) {
      await store.query('UPDATE image SET created_at = $1', [unsaid]);
      expect(await tagAt(started)).toBeNull();
    }
    await store.query('UPDATE image SET created_at = $1', [built]);
    await pushed(newer, [file('app/server', 'new')], 'ci', '/app/server');
    expect(await tagAt(started)).toBeNull();
  });
});
