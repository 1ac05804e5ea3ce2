import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Bus, BusModule } from '@tidewaiter/bus';
import { Secret, unknownRun } from '@tidewaiter/domain';
import { draft, pipelineReported, registryPushed } from '@tidewaiter/events';
import { startService } from '@tidewaiter/runtime';
import {
  DeadLetters,
  finalPushStates,
  Findings,
  type ImageFinding,
  type NewPipelineReport,
  PipelineReports,
  type Push,
  Pushes,
  Store,
  StoreModule,
} from '@tidewaiter/store';

import { AnyRegistry, envelopeOf, envelopeType } from './any-registry.js';
import { digestOf } from './image-builder.js';
import { throwAwayServers } from './throw-away-servers.js';

interface RunningScanner {
  reload(): Promise<void>;
  stop(): Promise<unknown>;
}

type Start = (environment: Record<string, string>) => Promise<RunningScanner>;

/** A push to announce: to the repository's `main` registry unless it says otherwise. */
interface AnnouncedPush {
  claimedDigest?: string;
  connection?: string;
  pushedBy?: string;
  attached?: Pick<Push, 'artifact' | 'attachedTo'>;
}

const patienceMs = 60_000;

/** A scanner on servers of its own, its registry, and a publisher beside it as in ingest. */
export class TestScanner {
  private constructor(
    readonly registry: AnyRegistry,
    readonly store: Store,
    /** Folder of its `tidewaiter.yaml`. */
    readonly folder: string,
    /** Key of the signer of the repositories `signed-*`. */
    readonly releaseKey: KeyObject,
    readonly reload: () => Promise<void>,
    /** Starts one beside it. */
    readonly startAnother: () => Promise<RunningScanner>,
    readonly stop: () => Promise<void>,
    readonly pushes = new Pushes(store),
  ) {}

  /** @param start that of `@tidewaiter/scanner`, which no library may import */
  static async start(start: Start): Promise<TestScanner> {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const [servers, registry] = await Promise.all([
      throwAwayServers({ postgres: true, nats: true, redis: true }),
      AnyRegistry.start(privateKey),
    ]);
    const folder = mkdtempSync(join(tmpdir(), 'scanner-'));
    writeFileSync(
      join(folder, 'tidewaiter.yaml'),
      [
        `registries: [ { name: main, kind: distribution, url: "${registry.url}", allowPrivate: true } ]`,
        `signers: [ { name: release, keyFile: release.pub, repositories: ["signed-*"] } ]`,
        'signatureGrace: 0',
      ].join('\n'),
    );
    writeFileSync(join(folder, 'release.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    const database = await servers.postgres.createDatabase();
    const environment = {
      TIDEWAITER_DATABASE_URL: database,
      TIDEWAITER_NATS_URL: servers.nats.url,
      TIDEWAITER_REDIS_URL: servers.redis.url,
      TIDEWAITER_CONFIG: join(folder, 'tidewaiter.yaml'),
      TIDEWAITER_HTTP_PORT: '0',
      TIDEWAITER_MAX_MATCHES: '1000',
      TIDEWAITER_FINGERPRINT_KEY: 'fingerprint-key-of-the-test',
      TIDEWAITER_LOG_LEVEL: process.env['TIDEWAITER_LOG_LEVEL'] ?? 'silent',
    };
    const startAnother = async () => start(environment);
    const service = await startAnother();
    const publisher = await startPublisher(database, servers.nats.url);
    const stop = async () => {
      await Promise.all([service.stop(), publisher.stop()]);
      await Promise.all([servers.stop(), registry.stop()]);
      rmSync(folder, { recursive: true });
    };
    const reload = async () => service.reload();
    return new TestScanner(registry, publisher.store, folder, privateKey, reload, startAnother, stop);
  }

  /** Announces a push, as ingest does; returns it when it has ended. */
  async push(
    repository: string,
    tag: string | null,
    { claimedDigest, connection = 'main', pushedBy, attached }: AnnouncedPush = {},
  ): Promise<Push> {
    const digest = claimedDigest ?? null;
    const [id] = await this.store.transaction(async (tx) => {
      const about = { connection, repository, tag };
      const { artifact, attachedTo } = attached ?? { artifact: 'image', attachedTo: null };
      const given = { artifact, attachedTo, pushedBy: pushedBy ?? null, pushedAt: null };
      const ids = await this.pushes.add(tx, [{ ...about, ...given, claimedDigest: digest }]);
      await tx.emit(draft(registryPushed, repository, { pushId: ids[0]!, ...about, digest }));
      return ids;
    });
    return this.ended(id!);
  }

  async ended(id: string): Promise<Push> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const found = (await this.pushes.get(id))!;
      if (finalPushStates.some((state) => state === found.state)) return found;
      if (Date.now() > deadline) throw new Error(`the push is still ${found.state}`);
      await sleep(25);
    }
  }

  async isQueued(queue: string, key: string): Promise<boolean> {
    const query = "SELECT FROM job WHERE queue = $1 AND key = $2 AND state <> 'done'";
    return (await this.store.query(query, [queue, key])).length > 0;
  }

  /**
   * Findings of images without that about the end of support of their distribution, which depends
   * on the date.
   */
  async findingsIn(...images: Parameters<Findings['of']>): Promise<ImageFinding[]> {
    const findings = await new Findings(this.store).of(...images);
    return findings.filter(({ id }) => id !== 'end-of-life-distribution');
  }

  /** Codes of the layers of a push that were not analyzed. */
  async unreadIn(found: Push): Promise<unknown[]> {
    const findings = await this.findingsIn([found.digest!], found);
    return findings.filter(({ id }) => id === 'layer-not-analyzed').map(({ evidence }) => evidence['code']);
  }

  /** Stores signed provenance that a pipeline sends, as ingest does. */
  async storeProvenance(digest: string, key: KeyObject): Promise<void> {
    const source = { uri: 'git+https://git.example.com/acme/app', digest: { sha1: 'c0ffee' } };
    const content = envelopeOf(
      {
        predicateType: 'https://slsa.dev/provenance/v0.2',
        subject: [{ name: 'app', digest: { sha256: digest.slice('sha256:'.length) } }],
        predicate: { builder: { id: 'https://ci.example.com' }, materials: [source] },
      },
      key,
    );
    const stated = { kind: 'provenance', format: 'in-toto', run: unknownRun, proven: [] } as const;
    await this.#storeReport(digest, null, { content, mediaType: envelopeType }, stated);
  }

  /** Stores a run whose token names the revision, as ingest does. */
  async storeRun(digest: string, repository: string, revision: string): Promise<void> {
    const run = { ...unknownRun, revision };
    const document = { content: Buffer.from(digest), mediaType: 'application/json' };
    await this.#storeReport(digest, repository, document, { kind: 'run', format: 'run', run, proven: ['revision'] });
  }

  /** Stores an SBOM with these purls, as ingest does. */
  async storeSbom(digest: string, repository: string, purls: string[]): Promise<void> {
    const bom = { bomFormat: 'CycloneDX', specVersion: '1.6', components: purls.map((purl) => ({ purl })) };
    const document = { content: Buffer.from(JSON.stringify(bom)), mediaType: 'application/json' };
    const stated = { kind: 'sbom', format: 'cyclonedx', run: unknownRun, proven: [] } as const;
    await this.#storeReport(digest, repository, document, stated);
  }

  async #storeReport(
    imageDigest: string,
    repository: string | null,
    document: Pick<NewPipelineReport, 'content' | 'mediaType'>,
    stated: Pick<NewPipelineReport, 'kind' | 'format' | 'run' | 'proven'>,
  ): Promise<void> {
    const documentDigest = digestOf(document.content);
    const about = { connection: 'ci', kind: stated.kind, repository, tag: null };
    const unstated = { version: null, registry: null, packages: null, builder: null };
    await this.store.transaction(async (tx) => {
      const [report] = await new PipelineReports(this.store).add(tx, [
        { ...about, ...unstated, ...stated, ...document, documentDigest, reportKey: documentDigest, imageDigest },
      ]);
      const { revision } = stated.run;
      await tx.emit(
        draft(pipelineReported, imageDigest, { ...about, reportId: report!.id, digest: imageDigest, revision }),
      );
    });
  }
}

/** Waits until something is true, for a minute. */
export async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within a minute`);
    await sleep(50);
  }
}

/** Starts a publisher as in ingest: its events are on the bus at once. */
async function startPublisher(database: string, natsUrl: string): Promise<{ store: Store; stop(): Promise<void> }> {
  let store: Store | undefined;
  const server = { natsUrl: new Secret(natsUrl) };
  const service = await startService({
    name: 'publisher',
    module: {
      module: class Publisher {},
      imports: [
        BusModule.forRoot({ service: 'publisher', server, deadLetters: DeadLetters }),
        StoreModule.forRoot({ service: 'publisher', url: new Secret(database), poolSize: 4, publisher: Bus }),
      ],
    },
    config: { httpHost: '127.0.0.1', httpPort: 0, logLevel: 'silent' },
    configure(app) {
      store = app.get(Store);
    },
  });
  return { store: store!, stop: async () => service.stop() };
}
