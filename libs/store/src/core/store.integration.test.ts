import { Secret } from '@tidewaiter/domain';
import { type CloudEvent, draft, registryPushed, tagMoved } from '@tidewaiter/events';
import { createLogger, Health } from '@tidewaiter/runtime';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import { Registry } from 'prom-client';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { StoreModule } from '../store.module.js';
import { connect, connectPatiently } from './data-source.js';
import { DeadLetters } from './dead-letters.js';
import { Jobs } from './jobs.js';
import { OutboxRelay } from './relay.js';
import { isUnflushed, Store, type Transaction, withoutFlush } from './store.js';
import { deleteExpired, sweepOutbox } from './sweeper.js';

const digest = `sha256:${'a'.repeat(64)}`;
const pushId = '01985a4e-6c3a-7d43-8a5b-0f6f1b6c2a12';
const pushed = draft(registryPushed, 'app:1', { pushId, connection: 'main', repository: 'app', tag: '1', digest });
const moved = draft(tagMoved, 'app:1', {
  pushId,
  connection: 'main',
  repository: 'app',
  tag: '1',
  oldDigest: digest,
  newDigest: digest,
  packages: { added: 0, removed: 0, changed: 0 },
  findings: { introduced: 0, resolved: 0 },
});

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;

/** A bus that keeps what it is given, and can be away. */
class RecordingBus {
  readonly published: { channel: string; event: CloudEvent; messageId: string }[] = [];
  isAway = false;

  async publish(channel: string, event: CloudEvent, messageId: string): Promise<void> {
    if (this.isAway) throw new Error('away');
    this.published.push({ channel, event, messageId });
  }
}

const until = async (condition: () => boolean | Promise<boolean>) => {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not happen within 60 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
};

const withRelay = async (bus: RecordingBus, work: () => Promise<void>, of = store) => {
  const relay = new OutboxRelay(of, bus, createLogger('test', 'silent'));
  relay.onApplicationBootstrap();
  await work();
  await relay.onApplicationShutdown();
};

const areAllPublished = async () => (await store.query('SELECT FROM outbox WHERE published_at IS NULL')).length === 0;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
});

afterEach(async () => dataSource.destroy());

afterAll(async () => servers.stop(), 20_000);

describe('Store.transaction', () => {
  it('rolls back rows, events and jobs on failure', async () => {
    const failing = store.transaction(async (tx) => {
      await tx.emit(pushed);
      await tx.enqueue({ queue: 'push', key: 'x', class: 'interactive' });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await store.query('SELECT id FROM outbox UNION ALL SELECT id FROM job')).toEqual([]);
  });

  it.each([
    ['waits for the disk', '', 'on'],
    ['waits for the disk no more than its setting asks', withoutFlush, 'off'],
    ['waits for the disk after a transaction that did not', '', 'on'],
  ])('%s', async (_, settings, expected) => {
    const shown = await store.transaction(async (tx) => tx.query('SHOW synchronous_commit'), settings);
    expect(shown).toEqual([{ synchronous_commit: expected }]);
  });

  it('waits for the disk unless a single statement has the condition', async () => {
    const setting = `SELECT current_setting('synchronous_commit') AS setting FROM (VALUES (1)) AS given`;
    expect(await store.query(`${setting} WHERE ${isUnflushed}`)).toEqual([{ setting: 'off' }]);
    expect(await store.query(setting)).toEqual([{ setting: 'on' }]);
  });

  it('handles an event once for each consumer', async () => {
    const ran: string[] = [];
    const handle = (consumer: string) => store.once(consumer, pushId, async () => void ran.push(consumer));
    expect(await Promise.all([handle('a'), handle('b'), handle('a')])).toEqual(
      expect.arrayContaining([true, true, false]),
    );
    expect(ran.toSorted()).toEqual(['a', 'b']);
  });

  it('handles an event again after a failure', async () => {
    await expect(store.once('a', pushId, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await store.once('a', pushId, () => Promise.resolve())).toBe(true);
  });

  it('handles all new events of a batch or none', async () => {
    const ids = [uuidv7(), uuidv7(), uuidv7()];
    await store.once('a', ids[1]!, () => Promise.resolve());
    const ran: string[] = [];
    const handle = async (tx: Transaction, id: string) => {
      await tx.enqueue({ queue: 'push', key: id, class: 'interactive' });
      ran.push(id);
    };
    await expect(
      store.onceEach('a', ids, async (tx, id) => {
        await handle(tx, id);
        if (id === ids[2]) throw new Error('no');
      }),
    ).rejects.toThrow('no');
    ran.length = 0;
    await store.onceEach('a', ids, handle);
    await store.onceEach('a', ids, handle);
    expect(new Set(ran)).toEqual(new Set([ids[0], ids[2]]));
    expect(await store.query('SELECT key FROM job WHERE key = ANY($1)', [ids])).toHaveLength(2);
  });
});

describe('a broken connection', () => {
  const broken = (between: () => Promise<unknown>) =>
    store.transaction(async (tx) => {
      const [{ pid }] = (await tx.aggregate<{ pid: number }>('SELECT pg_backend_pid() AS pid')) as [{ pid: number }];
      await store.query('SELECT pg_terminate_backend($1)', [pid]);
      await between();
      await tx.query('SELECT 1');
    });

  it('is reported as an outage by the statement that meets it', async () => {
    await expect(broken(() => Promise.resolve())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('is reported as an outage by the statement after it', async () => {
    await expect(broken(() => new Promise((resolve) => setTimeout(resolve, 200)))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    expect(await store.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

describe('an outage', () => {
  it.each([
    ['a host without a route', Object.assign(new Error('connect'), { code: 'EHOSTUNREACH' })],
    ['a network that is down', Object.assign(new Error('connect'), { code: 'ENETUNREACH' })],
    ['a server that no longer answers', new Error('Query read timeout')],
  ])('is %s', async (_, error) => {
    jest.spyOn(dataSource, 'createQueryRunner').mockReturnValueOnce({
      connect: () => Promise.resolve({ query: () => Promise.reject(error) }),
      release: () => Promise.resolve(),
    } as never);
    await expect(store.query('SELECT 1')).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      cause: { driverError: error },
    });
  });

  it.each([
    ['at its time limit', `SET LOCAL statement_timeout = '50ms'`],
    ['by an operator', 'SELECT 1'],
  ])('includes a statement that is canceled %s', async (how, limit) => {
    let canceling: Promise<unknown> | undefined;
    const cancel = (pid: number) => void (canceling = store.query('SELECT pg_cancel_backend($1)', [pid]));
    const slow = store.transaction(async (tx) => {
      await tx.query(limit);
      const [{ pid }] = (await tx.query('SELECT pg_backend_pid() AS pid')) as [{ pid: number }];
      if (how === 'by an operator') setTimeout(cancel, 50, pid);
      await tx.query('SELECT pg_sleep(60)');
    });
    await expect(slow).rejects.toMatchObject({ code: 'STORE_TIMEOUT', retryable: true });
    await canceling;
  });

  it('includes a standby in place of the primary', async () => {
    const writing = store.transaction(async (tx) => {
      await tx.query('SET TRANSACTION READ ONLY');
      await tx.emit(pushed);
    });
    await expect(writing).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('includes a pool whose connections are all in use for long', async () => {
    const free = Promise.withResolvers<void>();
    const held = Array.from({ length: 4 }, () => store.transaction(() => free.promise));
    await expect(store.query('SELECT 1')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    free.resolve();
    await Promise.all(held);
  });
});

describe('outbox', () => {
  it('publishes committed events as CloudEvents', async () => {
    const bus = new RecordingBus();
    await withRelay(bus, async () => {
      await store.transaction((tx) => tx.emit(pushed));
      await until(() => bus.published.length === 1);
    });
    const [{ channel, event, messageId }] = bus.published as [(typeof bus.published)[number]];
    expect(channel).toBe('tidewaiter.registry.pushed');
    expect(event).toMatchObject({
      specversion: '1.0',
      source: '/tidewaiter/test',
      subject: 'app:1',
      data: pushed.data,
    });
    expect(messageId).toBe(event.id);
  });

  it('keeps events while the bus is down, and marks only published ones', async () => {
    const bus = new RecordingBus();
    bus.isAway = true;
    await withRelay(bus, async () => {
      await store.transaction((tx) => tx.emit(pushed, moved));
      await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await store.query('SELECT id FROM outbox WHERE published_at IS NOT NULL')).toEqual([]);
      bus.isAway = false;
      await until(() => bus.published.length === 2);
    });
  });

  it('publishes events of two processes once each', async () => {
    const bus = new RecordingBus();
    const other = new Store(dataSource, 'other');
    const relaying = async () => {
      const emitting = [store, other].flatMap((of) =>
        Array.from({ length: 25 }, async () => of.transaction((tx) => tx.emit(pushed, moved))),
      );
      await Promise.all(emitting);
      await until(areAllPublished);
    };
    await withRelay(bus, async () => withRelay(bus, relaying, other));
    expect(bus.published).toHaveLength(100);
    expect(new Set(bus.published.map(({ messageId }) => messageId)).size).toBe(100);
  });

  it('shares the events that a process left behind, and publishes each once', async () => {
    const bus = new RecordingBus();
    await Promise.all(Array.from({ length: 50 }, () => store.transaction((tx) => tx.emit(pushed, moved))));
    await withRelay(bus, async () => withRelay(bus, () => until(areAllPublished), new Store(dataSource, 'other')));
    expect(new Set(bus.published.map(({ messageId }) => messageId)).size).toBe(100);
    expect(bus.published).toHaveLength(100);
  });

  it('publishes events at once with the time of their row, and those beyond its memory from there', async () => {
    const bus = new RecordingBus();
    await withRelay(bus, async () => {
      await store.transaction((tx) => tx.emit(...Array.from({ length: 2_100 }, () => pushed)));
      await until(() => bus.published.length >= 2_000);
      const [first] = bus.published;
      const [row] = await store.query<{ time: Date }>(`SELECT time FROM outbox WHERE id = '${first!.event.id}'`);
      expect(first!.event.time).toBe(row!.time.toISOString());
      await until(areAllPublished);
    });
    expect(bus.published).toHaveLength(2_100);
  });

  it('republishes an event under another message id until all consumers have handled it', async () => {
    const bus = new RecordingBus();
    await withRelay(bus, async () => {
      await store.transaction((tx) => tx.emit(pushed, pushed));
      await until(() => bus.published.length === 2);
      const [handled, lost] = bus.published.map(({ event }) => event.id);
      await store.once('scanner', handled!, () => Promise.resolve());
      await until(async () => (await store.query('SELECT id FROM outbox WHERE published_at IS NOT NULL')).length === 2);

      const dueAt = new Date(Date.now() - 1_000);
      await store.query('UPDATE outbox SET next_sweep_at = $1', [dueAt]);
      expect(await store.transaction(sweepOutbox)).toBe(1);
      await until(() => bus.published.length === 3);
      expect(bus.published[2]).toMatchObject({ messageId: `${lost}#${dueAt.getTime()}`, event: { id: lost } });
      expect(await store.query('SELECT id FROM outbox WHERE confirmed_at IS NOT NULL')).toEqual([{ id: handled }]);
      // A service that is down for an hour does not find an hour of repeats.
      const pause = `SELECT round(extract(epoch FROM next_sweep_at - published_at))::int AS seconds FROM outbox WHERE id = '${lost}'`;
      await until(async () => (await store.query<{ seconds: number }>(pause))[0]?.seconds === 60);
    });
  });

  it('limits the time until a republish', async () => {
    const bus = new RecordingBus();
    await store.transaction((tx) => tx.emit(pushed));
    await store.query('UPDATE outbox SET publishes = 5000');
    await withRelay(bus, () =>
      until(async () => (await store.query('SELECT id FROM outbox WHERE published_at IS NOT NULL')).length === 1),
    );
    const pause = 'SELECT round(extract(epoch FROM next_sweep_at - published_at))::int AS seconds FROM outbox';
    expect(await store.query(pause)).toEqual([{ seconds: 3600 }]);
  });

  it('keeps events with an open dead letter, and their inbox rows', async () => {
    await store.transaction((tx) => tx.emit(pushed, pushed));
    const [dead, done] = (await store.query<{ id: string }>('SELECT id FROM outbox')).map(({ id }) => id);
    for (const id of [dead, done]) await store.once('audit', id!, () => Promise.resolve());
    const letters = new DeadLetters(store);
    const reason = { code: 'X', reason: 'x', attempts: 1 };
    await letters.save({ consumer: 'scanner', eventId: dead!, subject: 's', payload: new Uint8Array(), ...reason });
    await store.query(`UPDATE outbox SET published_at = now(), confirmed_at = now() - interval '9 days'`);
    await store.query(`UPDATE inbox SET handled_at = now() - interval '9 days'`);
    await store.transaction((tx) => deleteExpired(tx, 'often', 'test'));
    expect(await store.query('SELECT id FROM outbox')).toEqual([{ id: dead }]);
    const { items } = await letters.list({ limit: 10 });
    await letters.redrive(items[0]!.id);
    await store.transaction((tx) => deleteExpired(tx, 'often', 'test'));
    expect(await store.query('SELECT event_id AS id FROM inbox')).toEqual([{ id: dead }]);
  });

  it('reports the age of unpublished events, without republishes', async () => {
    // The module's own check, without its application.
    const problems = async () => {
      const log = createLogger('test', 'silent');
      const health = new Health(log);
      const relay = new OutboxRelay(store, new RecordingBus(), log);
      void new StoreModule({ close: () => dataSource.destroy() }, relay, health, new Registry());
      return health.problems();
    };
    await store.transaction((tx) => tx.emit(pushed));
    await store.query(`UPDATE outbox SET time = now() - interval '5 minutes', publishes = 1`);
    expect(await problems()).toEqual({});
    await store.query('UPDATE outbox SET publishes = 0');
    expect(await problems()).toEqual({ postgres: 'events are not published' });
  });

  it('confirms an event without consumers at once', async () => {
    const bus = new RecordingBus();
    await withRelay(bus, async () => {
      await store.transaction((tx) => tx.emit(moved));
      await until(async () => (await store.query('SELECT id FROM outbox WHERE confirmed_at IS NOT NULL')).length === 1);
    });
  });
});

describe('jobs', () => {
  const enqueue = async (key = 'k') => {
    await store.transaction((tx) => tx.enqueue({ queue: 'push', key, class: 'interactive' }));
    const [job] = await store.query<{ id: string }>(
      `SELECT id FROM job WHERE key = $1 AND state <> 'done' ORDER BY id DESC`,
      [key],
    );
    return job!.id;
  };

  it('are queued once for each key', async () => {
    const queued: unknown[] = [];
    new Jobs(store).onQueued((jobs) => queued.push(...jobs));
    await Promise.all([enqueue(), enqueue(), enqueue()]);
    expect(queued).toHaveLength(1);
  });

  it('run once more when they are enqueued while they run', async () => {
    const queued: unknown[] = [];
    const jobs = new Jobs(store);
    const id = await enqueue();
    const job = await jobs.claim(id, 5_000);
    jobs.onQueued((due) => queued.push(...due));
    await enqueue();
    await enqueue();
    expect(queued).toEqual([]);
    await store.transaction((tx) => jobs.finish(tx, job!));
    expect(queued).toEqual([{ id, queue: 'push', class: 'interactive', attempt: 1 }]);
    const again = await jobs.claim(id, 5_000);
    expect(again).toMatchObject({ id, attempt: 1 });
    await store.transaction((tx) => jobs.finish(tx, again!));
    expect(await jobs.claim(id, 5_000)).toBeNull();
  });

  it('run once more with all their tries when they are enqueued during the last one', async () => {
    const jobs = new Jobs(store);
    const id = await enqueue();
    const problem = { code: 'X', reason: 'x' };
    await jobs.fail((await jobs.claim(id, 5_000))!, { ...problem, retryInMs: 0 });
    const last = await jobs.claim(id, 5_000);
    await enqueue();
    expect(await jobs.fail(last!, { ...problem, retryInMs: null })).toBeNull();
    expect(await jobs.claim(id, 5_000)).toMatchObject({ attempt: 1 });
    expect((await new DeadLetters(store).list({ limit: 10 })).items).toEqual([]);
  });

  it('run once more by the worker that claims them after a lost lease', async () => {
    const jobs = new Jobs(store);
    const id = await enqueue();
    await jobs.claim(id, 0);
    await enqueue();
    const second = await jobs.claim(id, 5_000);
    await store.transaction((tx) => jobs.finish(tx, second!));
    expect(await jobs.claim(id, 5_000)).toBeNull();
  });

  it('wait for the transaction that enqueues them again', async () => {
    const jobs = new Jobs(store);
    const id = await enqueue();
    const entered = Promise.withResolvers<void>();
    const commit = Promise.withResolvers<void>();
    const enqueuing = store.transaction(async (tx) => {
      // As the statement does that writes the enqueued jobs.
      await tx.query('UPDATE job SET again = true WHERE id = $1', [id]);
      entered.resolve();
      await commit.promise;
    });
    await entered.promise;
    expect(await jobs.claim(id, 5_000)).toBeNull();
    expect(await jobs.isClaimable(id)).toBe(true);
    commit.resolve();
    await enqueuing;
    expect(await jobs.claim(id, 5_000)).not.toBeNull();
    expect(await jobs.isClaimable(id)).toBe(false);
  });

  it('are enqueued when a transaction that finishes them commits', async () => {
    const jobs = new Jobs(store);
    const id = await enqueue();
    const job = await jobs.claim(id, 5_000);
    const finished = Promise.withResolvers<void>();
    const commit = Promise.withResolvers<void>();
    const finishing = store.transaction(async (tx) => {
      await jobs.finish(tx, job!);
      finished.resolve();
      await commit.promise;
    });
    await finished.promise;
    const enqueuing = enqueue();
    await new Promise((resolve) => setTimeout(resolve, 100));
    commit.resolve();
    await finishing;
    const next = await enqueuing;
    expect(next).not.toBe(id);
    expect(await jobs.claim(next, 5_000)).not.toBeNull();
  });

  it('are enqueued by one transaction any number of times, in any order', async () => {
    const both = (...keys: string[]) =>
      store.transaction((tx) =>
        tx.enqueue(...keys.map((key) => ({ queue: 'push' as const, key, class: 'interactive' as const }))),
      );
    await Promise.all(Array.from({ length: 20 }, (_, at) => (at % 2 ? both('a', 'b', 'a') : both('b', 'a', 'b'))));
    expect(await store.query(`SELECT key FROM job ORDER BY key`)).toEqual([{ key: 'a' }, { key: 'b' }]);
  });

  it('are leased to one worker', async () => {
    const jobs = new Jobs(store);
    const id = await enqueue();
    const claims = await Promise.all([jobs.claim(id, 5_000), jobs.claim(id, 5_000)]);
    expect(claims.filter(Boolean)).toHaveLength(1);
  });

  it('are finished only by the holder of the lease', async () => {
    const jobs = new Jobs(store);
    const id = await enqueue();
    const slow = await jobs.claim(id, 0);
    const quick = await jobs.claim(id, 5_000);
    expect(quick?.attempt).toBe(2);
    await expect(store.transaction((tx) => jobs.finish(tx, slow!))).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await expect(jobs.fail(slow!, { code: 'X', reason: 'x', retryInMs: null })).rejects.toMatchObject({
      code: 'LEASE_LOST',
    });
    await store.transaction((tx) => jobs.finish(tx, quick!));
    expect(await jobs.claim(id, 5_000)).toBeNull();
    expect(await jobs.extend(quick!, 5_000)).toBe(false);
  });

  it('are requeued with a delay after a failure', async () => {
    const jobs = new Jobs(store);
    const id = await enqueue();
    const job = await jobs.claim(id, 5_000);
    expect(await jobs.fail(job!, { code: 'X', reason: 'x', retryInMs: 60_000 })).toMatchObject({
      id,
      attempt: 1,
    });
    expect(await jobs.claim(id, 5_000)).toBeNull();
    await store.query('UPDATE job SET run_at = now()');
    expect(await jobs.claim(id, 5_000)).toMatchObject({ attempt: 2 });
  });

  it('are requeued when Redis or the worker loses them', async () => {
    const jobs = new Jobs(store);
    const waiting = await enqueue('waiting');
    const abandoned = await enqueue('abandoned');
    const held = await enqueue('held');
    await jobs.claim(abandoned, 0);
    await jobs.claim(held, 60_000);
    await store.query(`UPDATE job SET swept_at = now() - interval '1 minute'`);
    const lost = await jobs.lost(['push']);
    expect(lost.map(({ id }) => id).toSorted()).toEqual([waiting, abandoned].toSorted());
    expect(await jobs.lost(['push'])).toEqual([]);
  });

  it('are counted by queue', async () => {
    const jobs = new Jobs(store);
    await jobs.claim(await enqueue('held'), 5_000);
    await enqueue('waiting');
    await store.transaction((tx) => tx.enqueue({ queue: 'layer', key: 'k', class: 'bulk' }));
    expect(await jobs.backlogs()).toMatchObject([
      { queue: 'layer', queued: 1, running: 0 },
      { queue: 'push', queued: 1, running: 1 },
    ]);
  });

  it('grow old while they wait for a retry, and not before a first run that is due later', async () => {
    const jobs = new Jobs(store);
    const retried = await enqueue('retried');
    await store.query(`UPDATE job SET created_at = now() - interval '1 hour' WHERE id = $1`, [retried]);
    await jobs.fail((await jobs.claim(retried, 5_000))!, { code: 'BUSY', reason: 'busy', retryInMs: 60_000 });
    await store.transaction((tx) => tx.enqueue({ queue: 'layer', key: 'later', class: 'bulk' }));
    await store.query(
      `UPDATE job SET created_at = now() - interval '1 hour', run_at = now() + interval '1 hour' WHERE key = 'later'`,
    );
    const ages = new Map((await jobs.backlogs()).map(({ queue, oldestSeconds }) => [queue, oldestSeconds]));
    expect(ages.get('push')).toBeGreaterThanOrEqual(3_600);
    expect(ages.get('layer')).toBe(0);
  });

  it('become dead letters that can be redriven', async () => {
    const jobs = new Jobs(store);
    const letters = new DeadLetters(store);
    const id = await enqueue();
    await jobs.fail((await jobs.claim(id, 5_000))!, { code: 'GONE', reason: 'it is gone', retryInMs: null });
    const { items } = await letters.list({ limit: 10 });
    expect(items).toMatchObject([
      { stage: 'job', worker: 'push', subject: 'k', code: 'GONE', attempts: 1, redrivenAt: null },
    ]);

    await letters.redrive(items[0]!.id);
    expect((await letters.list({ limit: 10 })).items).toEqual([]);
    expect(await store.query(`SELECT key FROM job WHERE state = 'queued'`)).toEqual([{ key: 'k' }]);
    await expect(letters.redrive(items[0]!.id)).rejects.toMatchObject({ code: 'DEAD_LETTER_UNKNOWN' });
  });
});

describe('Store', () => {
  it('reports an outage of PostgreSQL as retryable', async () => {
    await servers.postgres.kill();
    // A connection may live on until its server notices that the others have died.
    let failure: unknown;
    await until(async () => {
      failure = await store.query('SELECT 1').then(
        () => undefined,
        (error: unknown) => error,
      );
      return failure !== undefined;
    });
    expect(failure).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    await servers.postgres.restart();
    await until(() =>
      store.query('SELECT 1').then(
        () => true,
        () => false,
      ),
    );
  });

  it('waits for a PostgreSQL that starts later', async () => {
    const url = new Secret(await servers.postgres.createDatabase());
    await servers.postgres.kill();
    const waiting = connectPatiently({ url, poolSize: 2, name: 'early' });
    await servers.postgres.restart();
    await (await waiting).destroy();
  });
});
