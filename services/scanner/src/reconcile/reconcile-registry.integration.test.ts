import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Secret } from '@tidewaiter/domain';
import type { RunningService } from '@tidewaiter/runtime';
import { connect, pushList, Store } from '@tidewaiter/store';
import {
  buildImage,
  cosignKey,
  cosignSign,
  describeWith,
  programs,
  pushImage,
  startRegistry,
  type TestRegistry,
  throwAwayServers,
  type ThrowAwayServers,
  listed,
} from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { start } from '../main.js';

describeWith(programs('docker-registry', 'skopeo', 'cosign'))('ReconcileRegistry, without webhooks', () => {
  let servers: ThrowAwayServers<{ postgres: true; nats: true; redis: true }>;
  let registry: TestRegistry;
  let folder: string;
  let dataSource: DataSource;
  let store: Store;
  let environment: Record<string, string>;
  const running: RunningService[] = [];

  beforeAll(async () => {
    servers = await throwAwayServers({ postgres: true, nats: true, redis: true });
    registry = await startRegistry();
    folder = await mkdtemp(join(tmpdir(), 'tidewaiter-reconcile-'));
    for (const [index, name] of ['old', 'new'].entries()) {
      await buildImage(join(folder, name), { layers: [Buffer.alloc(1024 * (index + 1))] });
    }
    const databaseUrl = await servers.postgres.createDatabase();
    dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 2, name: 'test' });
    store = new Store(dataSource, 'test');
    environment = {
      TIDEWAITER_DATABASE_URL: databaseUrl,
      TIDEWAITER_NATS_URL: servers.nats.url,
      TIDEWAITER_REDIS_URL: servers.redis.url,
      TIDEWAITER_HTTP_PORT: '0',
      TIDEWAITER_LOG_LEVEL: 'silent',
      TIDEWAITER_CONFIG: join(folder, 'tidewaiter.yaml'),
    };
    await writeFile(
      join(folder, 'tidewaiter.yaml'),
      `registries: [ { name: main, kind: distribution, url: "${registry.url}", allowPrivate: true, webhookSecret: x,
         reconcile: { every: 1h, requestsPerMinute: 60000, importNewest: 1 } } ]`,
    );
  });

  afterAll(async () => {
    await dataSource.destroy();
    await registry.stop();
    await servers.stop();
    await rm(folder, { recursive: true });
  });

  afterEach(async () => {
    for (const service of running.splice(0)) await service.stop();
  });

  const put = async (image: 'old' | 'new', name: string) =>
    pushImage(registry, name, `oci:${join(folder, image)}:latest`);

  /** Starts a scanner, and waits until it has reconciled. */
  const look = async (): Promise<RunningService> => {
    const before = await looks();
    const service = await start(environment);
    running.push(service);
    // Queues the job as the schedule does, but does not send it to Redis: the next sweep has to
    // find it.
    await store.transaction((tx) => tx.enqueue({ queue: 'reconcile', key: 'main', class: 'bulk' }));
    await store.query(`UPDATE job SET swept_at = '-infinity' WHERE queue = 'reconcile'`);
    for (const end = Date.now() + 60_000; (await looks()) === before;) {
      if (Date.now() > end) throw new Error('it did not look within 60 s');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return service;
  };
  const looks = async () =>
    (await store.query(`SELECT id FROM job WHERE queue = 'reconcile' AND state = 'done'`)).length;
  const analyzed = async () => {
    for (
      const end = Date.now() + 60_000;
      (await store.query(`SELECT FROM push WHERE state <> 'analyzed'`)).length > 0;
    ) {
      if (Date.now() > end) throw new Error('not analyzed within 60 s');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const pushes = async () =>
    (await listed(store, pushList, 'received'))
      .map(({ repository, tag, origin }) => `${origin} ${repository}:${tag}`)
      .toSorted();

  it('imports tags that were there, finds pushes without a webhook, and records deletions', async () => {
    await put('old', 'shop/app:1.0');
    await put('old', 'shop/app:1.1');
    await cosignSign(folder, await cosignKey(folder, 'key'), `${new URL(registry.url).host}/shop/app:1.1`);
    await look();
    expect(await pushes()).toEqual(['imported shop/app:1.1']);
    await analyzed();
    await running.pop()?.stop();

    // A run without changes finds nothing.
    await look();
    expect(await pushes()).toHaveLength(1);
    await running.pop()?.stop();

    // The recent push of 1.1 proves nothing about 1.0.
    await put('new', 'shop/app:1.0');
    // A repository that appears after the registry was connected is announced, too.
    await put('new', 'shop/other:2');
    const disguised = `shop/app:sha256-${'e'.repeat(64)}.sig`;
    await put('new', disguised);
    // The ledger is wrong about 1.1, and the previous run has seen the current tag.
    await store.query(
      `INSERT INTO tag_ledger (connection, repository, tag, digest, at, position) VALUES ('main', 'shop/app', '1.1', $1, now(), 2)`,
      [`sha256:${'e'.repeat(64)}`],
    );
    const service = await look();
    expect(await pushes()).toEqual([
      'imported shop/app:1.1',
      'reconciled shop/app:1.0',
      'reconciled shop/app:1.1',
      `reconciled ${disguised}`,
      'reconciled shop/other:2',
    ]);
    const metrics = await fetch(`${service.url}/metrics`).then(async (answer) => answer.text());
    expect(metrics).toMatch(/^tidewaiter_ingest_missed_events_total\{source="main",service="scanner"\} 4$/m);
  });
});
