import { setTimeout as sleep } from 'node:timers/promises';

import { Module } from '@nestjs/common';
import { Secret } from '@tidewaiter/domain';
import { type RedisConfig, type RunningService, startService } from '@tidewaiter/runtime';
import { type ClaimedJob, connect, Jobs, type QueueName, Store } from '@tidewaiter/store';
import {
  describeWith,
  programs,
  startRedisServers,
  type TestRedis,
  throwAwayServers,
  type ThrowAwayServers,
} from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import type { JobHandler, JobProblem } from './job-handler.js';
import { QueueModule } from './queue.module.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let redis: TestRedis | undefined;
let service: RunningService | undefined;
let serial = 0;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  const url = new Secret(await servers.postgres.createDatabase());
  dataSource = await connect({ url, poolSize: 8, name: 'test' });
  store = new Store(dataSource, 'test');
});

afterEach(async () => {
  await service?.stop();
  await redis?.stop();
  service = redis = undefined;
  await dataSource.destroy();
});

afterAll(async () => servers.stop());

/** Serves a queue on the server. */
async function serve(server: TestRedis): Promise<{ queue: QueueName; health(): Promise<Health> }> {
  redis = server;
  const jobs = new Jobs(store);
  const queue = `queue-${++serial}` as QueueName;
  class Handler implements JobHandler<ClaimedJob> {
    readonly queue = queue;
    readonly concurrency = 4;
    readonly retryDelaysMs = [];
    readonly timeoutMs = 60_000;
    async handle(job: ClaimedJob): Promise<void> {
      await store.transaction(async (tx) => jobs.finish(tx, job));
    }
    async giveUp(job: ClaimedJob, problem: JobProblem): Promise<void> {
      await jobs.fail(job, { ...problem, retryInMs: null });
    }
  }
  @Module({ providers: [{ provide: Jobs, useFactory: () => jobs }, Handler], exports: [Jobs] })
  class WorkModule {}
  const queues = QueueModule.forRoot({ server: configOf(server), ledger: Jobs, handlers: [Handler] });
  service = await startService({
    name: 'test',
    module: { module: WorkModule, imports: [queues] },
    config: { httpHost: '127.0.0.1', httpPort: 0, logLevel: 'silent' },
  });
  return { queue, health: async () => healthOf(service!.healthUrl) };
}

interface Health {
  status: number;
  problem: string | undefined;
}

function configOf({ url, certificates: { ca, clientCert, clientKey } }: TestRedis): RedisConfig {
  const files = { redisCaFile: ca, redisCertFile: clientCert, redisKeyFile: clientKey };
  return { redisUrl: new Secret(url), ...(url.startsWith('rediss') && files) };
}

async function healthOf(url: string): Promise<Health> {
  const answer = await fetch(`${url}/readyz`);
  const { problems } = (await answer.json()) as { problems: { redis?: string } };
  return { status: answer.status, problem: problems.redis };
}

async function enqueue(queue: QueueName, count: number): Promise<void> {
  const keys = Array.from({ length: count }, () => `key-${++serial}`);
  await store.transaction(async (tx) =>
    tx.enqueue(...keys.map((key) => ({ queue, key, class: 'interactive' as const }))),
  );
}

async function untilDone(count: number): Promise<void> {
  const done = async () =>
    (await store.query<{ count: number }>(`SELECT count(*)::int AS count FROM job WHERE state = 'done'`))[0]!.count;
  while ((await done()) < count) await sleep(50);
}

describe('QueueModule', () => {
  it.each([
    { mode: 'cluster', tls: false },
    { mode: 'cluster', tls: true },
    { mode: 'single', tls: true },
  ] as const)('serves jobs from Redis, $mode, TLS: $tls, for a user of its own keys', async (options) => {
    const { queue, health } = await serve(await startRedisServers(options));
    await enqueue(queue, 20);
    await untilDone(20);
    expect(await health()).toEqual({ status: 200, problem: undefined });
  });

  it.each([false, true])('serves on after the sentinels have made the replica the primary, TLS: %s', async (tls) => {
    const server = await startRedisServers({ mode: 'sentinel', tls });
    const { queue, health } = await serve(server);
    await enqueue(queue, 10);
    await untilDone(10);
    await server.killPrimary();
    await enqueue(queue, 10);
    await untilDone(20);
    while ((await health()).status !== 200) await sleep(100);
  });

  it('names in readyz, within seconds, why Redis takes no jobs', async () => {
    const server = await startRedisServers({});
    const { queue, health } = await serve(server);
    const problem = async (expected: string | undefined) => {
      const began = performance.now();
      while ((await health()).problem !== expected) {
        if (performance.now() - began > 30_000) throw new Error(`${(await health()).problem} is not ${expected}`);
        await sleep(50);
      }
      return performance.now() - began;
    };
    await problem(undefined);
    await server.command('CONFIG', 'SET', 'min-replicas-to-write', '1');
    expect(await problem('NOREPLICAS')).toBeLessThan(20_000);
    await server.command('CONFIG', 'SET', 'min-replicas-to-write', '0');
    await problem(undefined);
    await server.killPrimary();
    expect(await problem('ECONNREFUSED')).toBeLessThan(20_000);
    await enqueue(queue, 5);
    await server.restart();
    await problem(undefined);
    await untilDone(5);
  });

  it('names a cluster that is configured as one server', async () => {
    const cluster = await startRedisServers({ mode: 'cluster' });
    const one = cluster.url.replace('redis+cluster', 'redis').replace(/,[^/]*/, '');
    // The next queue's keys belong to another server of the cluster.
    while (Number(await cluster.command('CLUSTER', 'KEYSLOT', `queue-${serial + 1}`)) < 6_000) serial += 1;
    const { health } = await serve({ ...cluster, url: one });
    while ((await health()).problem !== 'MOVED') await sleep(50);
    expect((await health()).status).toBe(503);
  });
});

describeWith(programs('valkey-server'))('QueueModule on Valkey', () => {
  it.each(['single', 'cluster'] as const)('serves jobs, %s', async (mode) => {
    const { queue, health } = await serve(await startRedisServers({ mode, program: 'valkey-server' }));
    await enqueue(queue, 20);
    await untilDone(20);
    expect((await health()).status).toBe(200);
  });
});
