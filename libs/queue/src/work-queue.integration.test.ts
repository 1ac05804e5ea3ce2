import { setTimeout as sleep } from 'node:timers/promises';

import { Module, type Type } from '@nestjs/common';
import { InvalidInput, NotYet, Secret, Unavailable } from '@tidewaiter/domain';
import { type RunningService, startService } from '@tidewaiter/runtime';
import { type ClaimedJob, connect, type JobClass, Jobs, type QueueName, Store } from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

import type { JobHandler, JobProblem } from './job-handler.js';
import { QueueModule } from './queue.module.js';
import { prefixOf } from './redis.js';

type DataSource = Awaited<ReturnType<typeof connect>>;

let servers: ThrowAwayServers<{ postgres: true; redis: true }>;
let dataSource: DataSource;
let store: Store;
let jobs: Jobs;
let running: RunningService[] = [];

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, redis: true });
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 8, name: 'test' });
});

beforeEach(async () => {
  await dataSource.query('TRUNCATE job, dead_letter');
  // New instances, so that listeners of the previous test hear nothing.
  store = new Store(dataSource, 'test');
  jobs = new Jobs(store);
});

afterEach(async () => {
  await Promise.all(running.map(async (service) => service.stop()));
  running = [];
});

afterAll(async () => {
  await dataSource.destroy();
  await servers.stop();
});

let serial = 0;

interface Work {
  queue: QueueName;
  concurrency?: number;
  beginsOwn?: boolean;
  isFair?: boolean;
  retryDelaysMs?: number[];
  timeoutMs?: number;
  /** Runs before the job is finished. */
  work: (job: ClaimedJob, signal: AbortSignal) => Promise<void>;
}

/** A handler as services write them: the job ends in the transaction of its effects. */
function handlerOf({
  queue,
  concurrency = 4,
  beginsOwn = false,
  isFair = false,
  retryDelaysMs = [],
  timeoutMs = 60_000,
  work,
}: Work): Type<JobHandler<ClaimedJob>> {
  return class implements JobHandler<ClaimedJob> {
    readonly queue = queue;
    readonly concurrency = concurrency;
    readonly beginsOwn = beginsOwn;
    readonly isFair = isFair;
    readonly retryDelaysMs = retryDelaysMs;
    readonly timeoutMs = timeoutMs;

    async handle(job: ClaimedJob, signal: AbortSignal): Promise<void> {
      await work(job, signal);
      await store.transaction(async (tx) => jobs.finish(tx, job));
    }

    async giveUp(job: ClaimedJob, problem: JobProblem): Promise<void> {
      await jobs.fail(job, { ...problem, retryInMs: null });
    }
  };
}

async function serve(work: Work): Promise<RunningService> {
  const handler = handlerOf(work);
  @Module({ providers: [{ provide: Jobs, useFactory: () => jobs }, handler], exports: [Jobs] })
  class WorkModule {}
  const queues = QueueModule.forRoot({
    server: { redisUrl: new Secret(servers.redis.url) },
    ledger: Jobs,
    handlers: [handler],
  });
  const service = await startService({
    name: 'test',
    module: { module: WorkModule, imports: [queues] },
    config: { httpHost: '127.0.0.1', httpPort: 0, logLevel: 'silent' },
  });
  running.push(service);
  return service;
}

/** A queue of the test's own, which the catalog does not have. */
const newQueue = () => `queue-${++serial}` as QueueName;

async function enqueue(queue: QueueName, count = 1, jobClass: JobClass = 'interactive'): Promise<string[]> {
  const keys = Array.from({ length: count }, () => `key-${++serial}`);
  await store.transaction(async (tx) => tx.enqueue(...keys.map((key) => ({ queue, key, class: jobClass }))));
  return keys;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const start = performance.now();
  while (!(await condition())) {
    if (performance.now() - start > 60_000) throw new Error('it did not happen within a minute');
    await sleep(20);
  }
}

async function stateCounts(): Promise<Record<string, number>> {
  const rows = await store.query<{ state: string; count: number }>(
    'SELECT state, count(*)::int AS count FROM job GROUP BY state',
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}

async function areAllDone(): Promise<boolean> {
  return Object.keys(await stateCounts()).join() === 'done';
}

/** Moves the clock by ten seconds: leases expire, and queued jobs are due for the sweeper. */
async function pass(): Promise<void> {
  await store.query(
    `UPDATE job SET swept_at = swept_at - interval '10 seconds', lease_until = lease_until - interval '10 seconds'`,
  );
}

async function deadLetters(): Promise<{ code: string; reason: string; attempts: number }[]> {
  return store.query('SELECT code, reason, attempts FROM dead_letter');
}

describe('WorkQueue', () => {
  // Writers change a value and enqueue its reader, in transactions of any length. Workers copy what
  // they read when they begin, end or fail, and some lose their lease.
  it('begins a job after every commit that enqueues it', async () => {
    const queue = newQueue();
    await store.query('CREATE TABLE truth (key text PRIMARY KEY, version integer NOT NULL, seen integer NOT NULL)');
    const keys = Array.from({ length: 60 }, (_, index) => `key-${index}`);
    for (const key of keys) await store.query('INSERT INTO truth VALUES ($1, 0, 0)', [key]);
    let runs = 0;
    const work = async ({ key, token }: ClaimedJob) => {
      const [row] = await store.query<{ version: number }>('SELECT version FROM truth WHERE key = $1', [key]);
      await sleep(Math.random() * 20);
      runs += 1;
      if (runs % 17 === 0) throw new Unavailable('DOWN', 'no answer');
      if (runs % 23 === 0)
        await store.query(`UPDATE job SET lease_until = now() - interval '1 s' WHERE lease_token = $1`, [token]);
      await store.query('UPDATE truth SET seen = greatest(seen, $2) WHERE key = $1', [key, row!.version]);
    };
    const retryDelaysMs = Array.from({ length: 100 }, () => 20);
    await serve({ queue, retryDelaysMs, work });
    await serve({ queue, retryDelaysMs, work });
    const write = async (key: string) =>
      store.transaction(async (tx) => {
        await tx.enqueue({ queue, key, class: 'interactive' });
        await tx.query('UPDATE truth SET version = version + 1 WHERE key = $1', [key]);
        await sleep(Math.random() * 5);
      });
    // Few writes of many keys: most often the last one comes while the job runs.
    const writer = async (key: string) => {
      for (let round = 0; round < 3; round += 1) {
        await write(key);
        await sleep(Math.random() * 25);
      }
    };
    for (let start = 0; start < keys.length; start += 5) await Promise.all(keys.slice(start, start + 5).map(writer));
    // Well before the sweeper looks for lost jobs, which would not find these: they are done.
    await until(areAllDone);
    expect(await store.query('SELECT key FROM truth WHERE seen < version')).toEqual([]);
    const [total] = await store.query<{ writes: number }>('SELECT sum(version)::int AS writes FROM truth');
    expect(total).toEqual({ writes: 180 });
    expect(runs).toBeGreaterThan(keys.length);
    await store.query('DROP TABLE truth');
  });
});

describe('WorkQueue of sources that take turns', () => {
  const pushOf = (repository: string, more: object = {}) => ({
    queue: 'push' as const,
    key: `key-${(serial += 1)}`,
    class: 'interactive' as const,
    connection: 'main',
    repository,
    ...more,
  });

  beforeEach(async () => store.query('TRUNCATE job_source'));

  it('runs each job once on two replicas', async () => {
    const done: string[] = [];
    const work = async ({ key }: ClaimedJob) => void done.push(key);
    await serve({ queue: 'push', isFair: true, work });
    await serve({ queue: 'push', isFair: true, work });
    await store.transaction((tx) => tx.enqueue(...Array.from({ length: 60 }, (_, at) => pushOf(`app-${at % 7}`))));
    await until(areAllDone);
    expect(new Set(done).size).toBe(60);
    expect(done).toHaveLength(60);
  });

  it('serves a quick source while a slow one holds its share', async () => {
    const slow = Promise.withResolvers<void>();
    const done: string[] = [];
    const work = async ({ repository }: ClaimedJob) => {
      if (repository === 'evil') await slow.promise;
      done.push(repository);
    };
    await serve({ queue: 'push', isFair: true, concurrency: 2, work });
    await store.transaction((tx) => tx.enqueue(pushOf('shop')));
    await until(areAllDone);
    await store.transaction((tx) => tx.enqueue(...[1, 2, 3].map(() => pushOf('evil', { connection: 'evil' }))));
    await until(async () => (await stateCounts())['running'] === 1);
    for (let each = 0; each < 5; each += 1) await store.transaction((tx) => tx.enqueue(pushOf('shop')));
    await until(async () => (await stateCounts())['done'] === 6);
    expect(await stateCounts()).toEqual({ done: 6, queued: 2, running: 1 });
    slow.resolve();
    await until(areAllDone);
  });

  it('begins jobs of its own process without Redis, and those beyond its slots after them', async () => {
    await servers.redis.kill();
    const done: string[] = [];
    await serve({ queue: 'push', isFair: true, concurrency: 2, work: async ({ key }) => void done.push(key) });
    await store.transaction((tx) => tx.enqueue(...[1, 2, 3, 4, 5].map(() => pushOf('shop'))));
    await until(areAllDone);
    expect(new Set(done).size).toBe(5);
    await servers.redis.restart();
  });

  it('retries a job of its sources after the pause', async () => {
    let tries = 0;
    const work = async () => {
      tries += 1;
      if (tries < 3) throw new Unavailable('REGISTRY_UNAVAILABLE', 'no answer');
    };
    await serve({ queue: 'push', isFair: true, retryDelaysMs: [50, 50], work });
    await store.transaction((tx) => tx.enqueue(pushOf('shop')));
    await until(areAllDone);
    expect(tries).toBe(3);
  });

  it('takes over the job of a dead worker', async () => {
    await store.transaction((tx) => tx.enqueue(pushOf('shop')));
    const abandoned = await jobs.claimNext('push', 60_000, true);
    await pass();
    await store.query(`UPDATE job SET lease_until = now() - interval '1 s'`);
    await serve({ queue: 'push', isFair: true, work: async () => undefined });
    await until(areAllDone);
    expect(await jobs.extend(abandoned!, 1_000)).toBe(false);
  });
});

describe('WorkQueue job', () => {
  it('runs once on any number of replicas', async () => {
    const queue = newQueue();
    const done: string[] = [];
    const work = async ({ key }: ClaimedJob) => void done.push(key);
    await serve({ queue, work });
    await serve({ queue, work });
    const keys = await enqueue(queue, 50);
    await until(areAllDone);
    expect(done.toSorted()).toEqual(keys.toSorted());
  });

  it('is retried after its pauses and then fails', async () => {
    const queue = newQueue();
    const at: number[] = [];
    const work = async () => {
      at.push(performance.now());
      throw new Unavailable('REGISTRY_UNAVAILABLE', `try ${at.length}`);
    };
    await serve({ queue, retryDelaysMs: [300, 600], work });
    await enqueue(queue);
    await until(async () => (await deadLetters()).length > 0);
    const [first = 0, second = 0, third = 0] = at;
    expect(second - first).toBeGreaterThanOrEqual(290);
    expect(third - second).toBeGreaterThanOrEqual(590);
    expect(await deadLetters()).toEqual([{ code: 'REGISTRY_UNAVAILABLE', reason: 'try 3', attempts: 3 }]);
  });

  it('is retried in time by a process whose clock is ten minutes ahead', async () => {
    const queue = newQueue();
    const now = jest.spyOn(Date, 'now');
    const at: number[] = [];
    const work = async () => {
      at.push(performance.now());
      if (at.length === 2) return;
      const realMs = Date.now() - performance.now();
      now.mockImplementation(() => realMs + performance.now() + 600_000);
      throw new Unavailable('REGISTRY_UNAVAILABLE', 'no answer');
    };
    await serve({ queue, retryDelaysMs: [300], work });
    await enqueue(queue);
    await until(() => at.length === 1);
    // Meanwhile it has added the job; other processes, whose clocks are right, would take it.
    await sleep(200);
    now.mockRestore();
    await until(areAllDone);
    // The sweeper, which would come later, is not needed.
    expect(at[1]! - at[0]!).toBeLessThan(5_000);
  });

  it('waits as long as the other side requests', async () => {
    const queue = newQueue();
    const at: number[] = [];
    const work = async () => {
      at.push(performance.now());
      if (at.length === 1) throw new Unavailable('RATE_LIMITED', 'later', { retryAfterMs: 1_000 });
    };
    await serve({ queue, retryDelaysMs: [10], work });
    await enqueue(queue);
    await until(areAllDone);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  it('is requeued on NotYet without counting an attempt', async () => {
    const queue = newQueue();
    const attempts: number[] = [];
    const work = async ({ attempt }: ClaimedJob) => {
      attempts.push(attempt);
      if (attempts.length < 4) throw new NotYet('RESTING', 'not now', { retryAfterMs: 10 });
      if (attempts.length === 4) throw new Unavailable('DOWN', 'no answer');
    };
    await serve({ queue, retryDelaysMs: [10, 60_000], work });
    await enqueue(queue);
    await until(areAllDone);
    expect(attempts).toEqual([1, 1, 1, 1, 2]);
  });

  it('is requeued on NotYet no longer than its pauses last', async () => {
    const queue = newQueue();
    const open = Promise.withResolvers<void>();
    const work = async () => {
      await open.promise;
      throw new NotYet('RESTING', 'not now', { retryAfterMs: 10 });
    };
    await serve({ queue, retryDelaysMs: [60_000], work });
    // Simulates a job that was created an hour ago and has waited since.
    await store.query(`ALTER TABLE job ALTER created_at SET DEFAULT now() - interval '1 hour'`);
    await enqueue(queue);
    await store.query('ALTER TABLE job ALTER created_at SET DEFAULT now()');
    open.resolve();
    await until(async () => (await deadLetters()).length > 0);
    expect(await deadLetters()).toEqual([{ code: 'RESTING', reason: 'not now', attempts: 0 }]);
  });

  it.each([
    ['is no use', new InvalidInput('NEVER', 'not like this'), 'NEVER'],
    ['was not planned, when it is a bug', new TypeError('x is undefined'), 'INTERNAL'],
  ])('fails at once when a retry %s', async (_, error, code) => {
    const queue = newQueue();
    await serve({
      queue,
      retryDelaysMs: error instanceof InvalidInput ? [10] : [],
      work: async () => Promise.reject(error),
    });
    await enqueue(queue);
    await until(async () => (await deadLetters()).length > 0);
    expect(await deadLetters()).toEqual([{ code, reason: error.message, attempts: 1 }]);
  });

  it('fails at its timeout', async () => {
    const queue = newQueue();
    const work = async (_: ClaimedJob, signal: AbortSignal) => sleep(10_000, undefined, { signal });
    await serve({ queue, timeoutMs: 200, work });
    await enqueue(queue);
    await until(async () => (await deadLetters()).length > 0);
    expect(await deadLetters()).toEqual([
      { code: 'JOB_TIMEOUT', reason: 'it took longer than 0.2 seconds', attempts: 1 },
    ]);
  });

  it('precedes bulk work if it is interactive', async () => {
    const queue = newQueue();
    const done: string[] = [];
    const open = Promise.withResolvers<void>();
    const work = async ({ class: jobClass }: ClaimedJob) => {
      done.push(jobClass);
      await open.promise;
    };
    await serve({ queue, concurrency: 1, work });
    await enqueue(queue, 5, 'bulk');
    await until(() => done.length === 1);
    await enqueue(queue, 1, 'interactive');
    await sleep(200);
    open.resolve();
    await until(areAllDone);
    expect(done.slice(0, 2)).toEqual(['bulk', 'interactive']);
  });
});

describe('WorkQueue worker', () => {
  it('takes the job of a dead worker after its lease expires', async () => {
    const queue = newQueue();
    await enqueue(queue);
    const [job] = await store.query<{ id: string }>('SELECT id FROM job');
    // Simulates a process that died right after it had claimed the job.
    await jobs.claim(job?.id ?? '', 10_000);
    await pass();
    const attempts: number[] = [];
    await serve({ queue, work: async ({ attempt }) => void attempts.push(attempt) });
    await until(areAllDone);
    expect(attempts).toEqual([2]);
  });

  it('goes on with the work of one that died within 12 seconds', async () => {
    const queue = newQueue();
    // The lease of a dead worker is not extended.
    const extend = jest.spyOn(jobs, 'extend').mockResolvedValue(true);
    const begun: number[] = [];
    const death = Promise.withResolvers<void>();
    const work = async () => {
      begun.push(performance.now());
      if (begun.length === 1) await death.promise;
    };
    await serve({ queue, work });
    await enqueue(queue);
    await until(async () => begun.length === 1);
    await serve({ queue, work });
    await until(areAllDone);
    expect(begun).toHaveLength(2);
    expect(begun[1]! - begun[0]!).toBeLessThan(12_000);
    extend.mockRestore();
    death.resolve();
  });

  it('keeps its lease while it is too busy for heartbeats', async () => {
    const queue = newQueue();
    let leftMs = 0;
    const work = async () => {
      // Just before a heartbeat.
      await sleep(1_900);
      const [job] = await store.query<{ leaseUntil: Date }>('SELECT lease_until AS "leaseUntil" FROM job');
      const freeAtMs = Date.now() + 6_000;
      while (Date.now() < freeAtMs);
      leftMs = Number(job?.leaseUntil) - Date.now();
    };
    await serve({ queue, work });
    await enqueue(queue);
    await until(areAllDone);
    expect(leftMs).toBeGreaterThan(0);
    expect(await store.query('SELECT attempt FROM job')).toEqual([{ attempt: 1 }]);
  });

  it('takes the job of a worker that died before claiming it', async () => {
    const queue = newQueue();
    const [key = ''] = await enqueue(queue);
    const [job] = await store.query<{ id: string }>('SELECT id FROM job');
    const redis = new Redis(servers.redis.url, { maxRetriesPerRequest: null });
    const bullQueue = new Queue(queue, { connection: redis, prefix: prefixOf(queue) });
    await bullQueue.add(queue, { id: job?.id }, { jobId: `${job?.id}-0` });
    const dying = new Worker(queue, undefined, { connection: redis, prefix: prefixOf(queue), lockDuration: 2_000 });
    await dying.getNextJob('dying');
    await dying.close();
    await bullQueue.close();
    await redis.quit();
    await pass();
    const done: string[] = [];
    await serve({ queue, work: async (claimed) => void done.push(claimed.key) });
    await until(areAllDone);
    expect(done).toEqual([key]);
  });

  it('runs a job once that takes longer than BullMQ waits', async () => {
    const queue = newQueue();
    let begun = 0;
    const work = async () => {
      begun++;
      await sleep(17_000);
    };
    await serve({ queue, work });
    await enqueue(queue);
    await until(areAllDone);
    expect(begun).toBe(1);
  });

  it('fails a job that killed every worker before', async () => {
    const queue = newQueue();
    await enqueue(queue);
    await store.query("UPDATE job SET attempt = 6, swept_at = now() - interval '1 minute'");
    const attempts: number[] = [];
    await serve({ queue, work: async ({ attempt }) => void attempts.push(attempt) });
    await until(async () => (await deadLetters()).length > 0);
    expect(await deadLetters()).toEqual([expect.objectContaining({ code: 'WORKER_LOST', attempts: 7 })]);
    expect(attempts).toEqual([]);
  });

  it('extends its lease while it works, and stops when it loses the lease', async () => {
    const queue = newQueue();
    const lost = Promise.withResolvers<unknown>();
    const work = async (_: ClaimedJob, signal: AbortSignal) => {
      const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
      await aborted;
      lost.resolve(signal.reason);
    };
    await serve({ queue, work });
    await enqueue(queue);
    const leaseEnd = async () => (await store.query<{ at: Date }>('SELECT lease_until AS at FROM job'))[0]?.at;
    await until(async () => Boolean(await leaseEnd()));
    const first = await leaseEnd();
    await until(async () => Number(await leaseEnd()) > Number(first));
    await store.query("UPDATE job SET lease_token = gen_random_uuid(), lease_until = now() + interval '1 minute'");
    await expect(lost.promise).resolves.toMatchObject({ code: 'LEASE_LOST' });
    await sleep(100);
    // The worker that lost the lease neither finished nor failed the job.
    expect(await stateCounts()).toEqual({ running: 1 });
    expect(await deadLetters()).toEqual([]);
  });

  it('finishes running jobs when its service stops, and takes no more', async () => {
    const queue = newQueue();
    let begun = 0;
    const work = async () => {
      begun++;
      await sleep(500);
    };
    const service = await serve({ queue, concurrency: 2, work });
    await enqueue(queue, 6);
    await until(() => begun === 2);
    await service.stop();
    expect(begun).toBe(2);
    expect(await stateCounts()).toEqual({ done: 2, queued: 4 });
  });
});

describe('WorkQueue job of its own process', () => {
  it('starts without Redis up to the limit; the rest runs when Redis is back', async () => {
    await servers.redis.kill();
    const queue = newQueue();
    const open = Promise.withResolvers<void>();
    const begun: string[] = [];
    const work = async ({ key }: ClaimedJob) => {
      begun.push(key);
      await open.promise;
    };
    await serve({ queue, beginsOwn: true, work });
    await enqueue(queue, 20);
    await until(() => begun.length === 3);
    open.resolve();
    await until(() => begun.length >= 15);
    await servers.redis.restart();
    await until(areAllDone);
    expect(begun).toHaveLength(20);
    expect(new Set(begun).size).toBe(20);
  });

  it('is left to others when the process stops', async () => {
    const queue = newQueue();
    const begun: string[] = [];
    const work = async ({ key }: ClaimedJob) => {
      begun.push(key);
      await sleep(300);
    };
    const service = await serve({ queue, beginsOwn: true, work });
    await enqueue(queue, 6);
    await until(() => begun.length === 3);
    await service.stop();
    const before = begun.length;
    await serve({ queue, work });
    await until(areAllDone);
    expect(before).toBeLessThan(6);
    expect(new Set(begun).size).toBe(6);
  });
});

describe('WorkQueue, when Redis', () => {
  it('loses all queued jobs, runs them again', async () => {
    const queue = newQueue();
    const open = Promise.withResolvers<void>();
    await serve({ queue, concurrency: 2, work: async () => open.promise });
    await enqueue(queue, 200);
    await sleep(200);
    const redis = new Redis(servers.redis.url);
    await redis.flushall();
    await redis.quit();
    open.resolve();
    await until(async () => (await stateCounts())['running'] === undefined);
    await pass();
    await until(areAllDone);
    expect(await stateCounts()).toEqual({ done: 200 });
  });

  it('is killed under load, continues soon after its restart', async () => {
    const queue = newQueue();
    const done = new Set<string>();
    const work = async ({ key }: ClaimedJob) => {
      await sleep(10);
      done.add(key);
    };
    await serve({ queue, work });
    await enqueue(queue, 100);
    await until(() => done.size > 20);
    await servers.redis.kill();
    await enqueue(queue, 20);
    await sleep(3_000);
    await servers.redis.restart();
    const [fresh = ''] = await enqueue(queue);
    await until(() => done.has(fresh));
    await pass();
    await until(areAllDone);
    expect(await stateCounts()).toEqual({ done: 121 });
  });

  it('is down, starts and stops', async () => {
    await servers.redis.kill();
    const queue = newQueue();
    const service = await serve({ queue, work: async () => undefined });
    await enqueue(queue);
    await sleep(200);
    await service.stop();
    await servers.redis.restart();
    await serve({ queue, work: async () => undefined });
    await pass();
    await until(areAllDone);
  });
});
