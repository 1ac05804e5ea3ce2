import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Bus, DatabaseMirror } from '@tidewaiter/bus';
import { Secret } from '@tidewaiter/domain';
import { draft, imageFailed, registryPushed } from '@tidewaiter/events';
import { createLogger, type Logger } from '@tidewaiter/runtime';
import {
  connect,
  DatabaseLife,
  OutboxRelay,
  Pushes,
  Received,
  RestoredEvents,
  Store,
  TagLedger,
} from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import { v7 as uuidv7 } from 'uuid';

import { RegistryIntake } from '../registry/registry-intake.js';
import type { RegistryNotice } from '../registry/registry-notice.js';
import { SpoolSetup } from '../spool/spool-setup.js';
import { Spool } from '../spool/spool.js';
import { BeatCopies } from './beat-copies.js';
import { LostEvents } from './lost-events.js';
import { RecentFacts } from './recent-facts.js';
import { RestoreGuard } from './restore-guard.js';

const digest = `sha256:${'a'.repeat(64)}` as const;
const connection = 'registry/main';

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let bus: Bus;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
});

beforeEach(async () => {
  await servers.nats.wipe();
  bus = await Bus.connect('test', { natsUrl: new Secret(servers.nats.url) });
});

afterEach(async () => bus.onApplicationShutdown());

afterAll(async () => servers.stop());

const push = (tag: string): RegistryNotice => ({
  kind: 'push',
  identity: 'delivery',
  deliveryKey: `key of ${tag}`,
  push: {
    ...{ connection: 'main', repository: 'shop/app', tag, claimedDigest: digest, artifact: 'image', attachedTo: null },
    ...{ pushedBy: 'jane', pushedAt: '2026-11-01T10:00:00.000Z' },
  },
});
const deletion = (tag: string): RegistryNotice => ({
  kind: 'deletion',
  identity: 'delivery',
  deliveryKey: `deletion of ${tag}`,
  deletion: { connection: 'main', repository: 'shop/app', tag, digest: null, deletedBy: 'jane', at: null },
});

/** Ingest on a database, as far as it concerns restores. */
async function startOn(url: string, spool: Spool | null = null) {
  const dataSource = await connect({ url: new Secret(url), poolSize: 4, name: 'test' });
  const store = new Store(dataSource, 'ingest');
  const pushes = new Pushes(store);
  const received = new Received();
  const life = new DatabaseLife(store);
  const intake = new RegistryIntake(store, received, pushes);
  const errors: string[] = [];
  const log = { error: (_: object, message: string) => void errors.push(message) } as unknown as Logger;
  const mirror = new DatabaseMirror(bus);
  const lost = new LostEvents(mirror, new RestoredEvents(), pushes, received, new RecentFacts(store));
  const guard = new RestoreGuard(new BeatCopies(mirror, new SpoolSetup(spool)), life, lost, log);
  const relay = new OutboxRelay(store, bus, createLogger('test', 'silent'));
  relay.onApplicationBootstrap();
  const published = async () => {
    while ((await store.query('SELECT FROM outbox WHERE published_at IS NULL')).length > 0)
      await new Promise((resolve) => setTimeout(resolve, 20));
  };
  /** Publishes what follows from a push; returns the id of the event. */
  const emit = async () => {
    const place = { connection: 'main', repository: 'shop/app', tag: '1', digest };
    const data = { pushId: uuidv7(), ...place, outcome: 'refused', code: 'LIMIT', reason: 'too large' } as const;
    await store.transaction(async (tx) => tx.emit(draft(imageFailed, 'shop/app:1', data)));
    await published();
    const [event] = await store.query<{ id: string }>('SELECT id FROM outbox WHERE type = $1', [imageFailed.type]);
    return event!.id;
  };
  const commit = async (facts: readonly RegistryNotice[], receivedAtMs = Date.now()) =>
    intake.keep({ connection, facts, receivedAtMs, sizeBytes: 1, traceparent: undefined });
  const take = async (...facts: RegistryNotice[]) => {
    const result = await commit(facts);
    await published();
    return result;
  };
  /** Adds a push as the comparison with a registry does, which finds the tag without a webhook. */
  const find = async (tag: string, ends = async () => undefined as void) => {
    await store.transaction(async (tx) => {
      const place = { connection: 'main', repository: 'shop/app' };
      await new TagLedger(store).lock(tx, place);
      const about = {
        artifact: 'image',
        attachedTo: null,
        pushedBy: null,
        pushedAt: null,
        origin: 'reconciled',
      } as const;
      const [pushId] = await pushes.add(tx, [{ ...place, ...about, tag, claimedDigest: digest }]);
      await tx.emit(
        draft(registryPushed, `shop/app:${tag}`, { pushId: pushId!, ...place, tag, digest, announced: about }),
      );
      await ends();
    });
    await published();
  };
  const stopPublishing = async () => relay.onApplicationShutdown();
  const stop = async () => {
    await stopPublishing();
    await dataSource.destroy();
  };
  const rows = async () => ({
    pushes: await store.query(
      `SELECT id, connection, repository, tag, claimed_digest, artifact, origin, attached_to, pushed_by, pushed_at FROM push ORDER BY id`,
    ),
    events: await store.query('SELECT id, type, channel, subject, source, data FROM outbox ORDER BY id'),
    received: await store.query('SELECT connection, delivery_key FROM received ORDER BY delivery_key'),
  });
  /** Publishes every event again, as the sweeper does while a consumer has not handled it. */
  const redrive = async () => {
    await store.query('UPDATE outbox SET published_at = NULL');
    await published();
  };
  /** Messages of the stream that hold an event. */
  const messagesOf = async (id: string) => {
    let messages = 0;
    for await (const batch of mirror.events([registryPushed], new Date(0)))
      messages += batch.filter(({ event }) => event.id === id).length;
    return messages;
  };
  return {
    store,
    life,
    lost,
    guard,
    take,
    commit,
    find,
    emit,
    stopPublishing,
    stop,
    rows,
    errors,
    published,
    redrive,
    messagesOf,
  };
}

type Running = Awaited<ReturnType<typeof startOn>>;

const nameOf = (url: string) => new URL(url).pathname.slice(1);

/** A database with one push, a copy of it, and what it got after the copy. */
async function withCopy() {
  const url = await servers.postgres.createDatabase();
  const before = await startOn(url);
  await before.take(push('1'));
  await before.guard.beat();
  await before.stop();
  const copy = await servers.postgres.createDatabase(nameOf(url));
  const after = await startOn(url);
  await after.guard.beat();
  await after.take(push('2'), deletion('1'));
  await after.take(push('2.1'));
  return { copy, after };
}

describe('RestoreGuard', () => {
  it('puts back what registries reported since the copy, with the same ids', async () => {
    const { copy, after } = await withCopy();
    const whole = await after.rows();
    await after.stop();
    const restored = await startOn(copy);
    await restored.store.query(`INSERT INTO detector_lease (name, holder, token) VALUES ('partition/1', $1, 7)`, [
      '01985a4e-6c3a-7d43-8a5b-0f6f1b6c2a12',
    ]);
    await restored.guard.beat();
    expect(await restored.rows()).toEqual(whole);
    expect(await restored.life.lastRestore()).toMatchObject({
      pushes: 2,
      deletions: 1,
      lostReports: 0,
      gapUntil: null,
    });
    expect(restored.errors).toEqual(['database restored from an older copy', 'events since the copy put back']);
    const [lease] = await restored.store.query<{ holder: null; token: string }>('SELECT * FROM detector_lease');
    expect(lease).toMatchObject({ holder: null, token: '1000007' });

    expect(await restored.take(push('2'))).toEqual({ accepted: 0, duplicates: 1 });
    await restored.guard.beat();
    expect(restored.errors).toHaveLength(2);
    await restored.stop();
  });

  it('lets consumers handle an event again that came before its row was back', async () => {
    const { copy, after } = await withCopy();
    const missing = await newestEvent(after.rows);
    await after.stop();
    const restored = await startOn(copy);
    await restored.store.query(`INSERT INTO inbox (consumer, event_id) VALUES ('scanner', $1)`, [missing]);
    await restored.guard.beat();
    expect(await restored.store.query('SELECT FROM inbox')).toEqual([]);
    await restored.stop();
  });

  it('publishes events of the copy again at once that were handled and redriven since', async () => {
    const { copy, after } = await withCopy();
    const known = await oldestEvent(after.rows);
    await after.redrive();
    expect(await after.messagesOf(known)).toBe(2);
    await after.stop();
    const restored = await startOn(copy);
    await restored.guard.beat();
    await restored.published();
    expect(await restored.messagesOf(known)).toBe(3);
    await restored.guard.beat();
    await restored.published();
    expect(await restored.messagesOf(known)).toBe(3);
    await restored.stop();
  });

  it('lets the notifier skip events whose effects are lost, and that are published anew', async () => {
    const { copy, after } = await withCopy();
    const emitted = await after.emit();
    await after.stop();
    const restored = await startOn(copy);
    await restored.guard.beat();
    const skipped = await restored.store.query('SELECT consumer, event_id AS id FROM inbox');
    expect(skipped).toEqual([{ consumer: 'notifier', id: emitted }]);
    await restored.stop();
  });

  it('does not put back a push whose sender repeated it to the restored database', async () => {
    const { copy, after } = await withCopy();
    await after.stop();
    const restored = await startOn(copy);
    expect(await restored.take(push('2'))).toEqual({ accepted: 1, duplicates: 0 });
    await restored.guard.beat();
    const { pushes } = await restored.rows();
    expect((pushes as { tag: string }[]).map(({ tag }) => tag).toSorted()).toEqual(['1', '2', '2.1']);
    await restored.stop();
  });

  it('does not put back a push without an id that the spool has stored again', async () => {
    const { copy, after } = await withCopy();
    const anonymous: RegistryNotice = { ...push('3'), identity: 'content' };
    const receivedAtMs = Date.now();
    expect(await after.commit([anonymous], receivedAtMs)).toEqual({ accepted: 1, duplicates: 0 });
    await after.published();
    await after.stop();
    const restored = await startOn(copy);
    expect(await restored.commit([anonymous], receivedAtMs)).toEqual({ accepted: 1, duplicates: 0 });
    await restored.guard.beat();
    const { pushes } = await restored.rows();
    expect((pushes as { tag: string }[]).map(({ tag }) => tag).toSorted()).toEqual(['1', '2', '2.1', '3']);
    expect(await restored.commit([anonymous], receivedAtMs)).toEqual({ accepted: 0, duplicates: 1 });
    await restored.stop();
  });

  it('does not put back a push that a comparison with its registry has found again', async () => {
    const { copy, after } = await withCopy();
    await after.find('silent');
    await after.find('gone since');
    await after.stop();
    const restored = await startOn(copy);
    await restored.find('silent');
    await restored.guard.beat();
    const { pushes } = await restored.rows();
    const tags = (pushes as { tag: string }[]).map(({ tag }) => tag).toSorted();
    expect(tags).toEqual(['1', '2', '2.1', 'gone since', 'silent']);
    await restored.stop();
  });

  it('waits for a comparison in progress, which may find a lost push again', async () => {
    const { copy, after } = await withCopy();
    await after.find('silent');
    await after.stop();
    const restored = await startOn(copy);
    const release = Promise.withResolvers<void>();
    const finding = restored.find('silent', async () => release.promise);
    await sleep(100);
    const beating = restored.guard.beat();
    await sleep(500);
    release.resolve();
    await Promise.all([finding, beating]);
    const { pushes } = await restored.rows();
    expect((pushes as { tag: string }[]).filter(({ tag }) => tag === 'silent')).toHaveLength(1);
    await restored.stop();
  });

  it('lets a consumer that has an event in hand handle it again, with its row', async () => {
    const { copy, after } = await withCopy();
    const missing = await newestEvent(after.rows);
    await after.stop();
    const restored = await startOn(copy);
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const handling = restored.store.once('scanner', missing, async () => {
      begun.resolve();
      await promise;
    });
    await begun.promise;
    const beating = restored.guard.beat();
    await new Promise((done) => setTimeout(done, 500));
    resolve();
    await Promise.all([handling, beating]);
    expect(await restored.store.once('scanner', missing, async () => undefined)).toBe(true);
    await restored.stop();
  });

  it('recognizes a second restore of the same copy', async () => {
    const { copy, after } = await withCopy();
    await after.stop();
    const second = await servers.postgres.createDatabase(nameOf(copy));
    const first = await startOn(copy);
    await first.guard.beat();
    await first.take(push('3'));
    await first.stop();
    const again = await startOn(second);
    await again.guard.beat();
    expect(await again.life.lastRestore()).toMatchObject({ pushes: 3 });
    expect((await again.rows()).pushes).toHaveLength(4);
    await again.stop();
  });

  it('recognizes a copy that is younger than the last heartbeat, by the events that it lacks', async () => {
    const url = await servers.postgres.createDatabase();
    const before = await startOn(url);
    await before.take(push('1'));
    await before.guard.beat();
    await before.stop();
    const copy = await servers.postgres.createDatabase(nameOf(url));
    const after = await startOn(url);
    await after.take(push('2'));
    const whole = await after.rows();
    await after.stop();
    const restored = await startOn(copy);
    await restored.guard.beat();
    expect(await restored.rows()).toEqual(whole);
    expect(restored.errors).toHaveLength(2);
    await restored.stop();
    const again = await startOn(copy);
    await again.guard.beat();
    expect(again.errors).toEqual([]);
    await again.stop();
  });

  it.each([
    ['it has published', async ({ take }: Running) => take(push('1'))],
    [
      'it has committed and not published',
      async ({ stopPublishing, commit }: Running) => {
        await stopPublishing();
        await commit([push('1')]);
      },
    ],
  ])('recognizes a younger copy that takes the place of its database, by what %s', async (_, receive) => {
    const url = await servers.postgres.createDatabase();
    const copy = await servers.postgres.createDatabase(nameOf(url));
    const running = await startOn(url);
    await running.guard.beat();
    const other = await startOn(copy);
    await other.store.query('UPDATE database_life SET beat = $1', [(await beatOf(running.store)).beat]);
    await other.stop();
    await receive(running);
    const whole = await running.rows();
    await replace(url, copy, async () => expect(running.guard.beat()).rejects.toThrow());
    await running.guard.beat();
    expect(await running.rows()).toEqual(whole);
    await running.stop();
  });

  it('recognizes a younger copy on a server that was started again, although no heartbeat failed', async () => {
    const url = await servers.postgres.createDatabase();
    const copy = await servers.postgres.createDatabase(nameOf(url));
    const running = await startOn(url);
    await running.guard.beat();
    const other = await startOn(copy);
    await other.store.query('UPDATE database_life SET beat = $1', [(await beatOf(running.store)).beat]);
    await other.stop();
    await running.take(push('1'));
    const whole = await running.rows();
    await replace(url, copy);
    await servers.postgres.kill();
    await servers.postgres.restart();
    while (!(await running.rows().catch(() => null))) await sleep(50);
    await running.guard.beat();
    expect(await running.rows()).toEqual(whole);
    await running.stop();
  });

  it('puts back what running processes have committed and not published', async () => {
    const url = await servers.postgres.createDatabase();
    const copy = await servers.postgres.createDatabase(nameOf(url));
    const processes = [await startOn(url), await startOn(url)] as const;
    for (const { guard } of processes) await guard.beat();
    for (const { stopPublishing } of processes) await stopPublishing();
    await processes[0].commit([push('1'), deletion('0')]);
    await processes[1].commit([push('2')]);
    const whole = await processes[0].rows();
    await replace(url, copy);
    for (const { guard } of processes) await guard.beat();
    expect(await processes[0].rows()).toEqual(whole);
    for (const { stop } of processes) await stop();
  });

  it('goes on with a recovery that failed, though nothing shows the restore any more', async () => {
    const url = await servers.postgres.createDatabase();
    const before = await startOn(url);
    await before.guard.beat();
    await before.stop();
    const copy = await servers.postgres.createDatabase(nameOf(url));
    const after = await startOn(url);
    await after.take(push('1'));
    const whole = await after.rows();
    await after.stop();
    const restored = await startOn(copy);
    jest.spyOn(restored.lost, 'putBack').mockRejectedValueOnce(new Error('timeout'));
    await expect(restored.guard.beat()).rejects.toThrow('timeout');
    jest.spyOn(restored.lost, 'areThere').mockResolvedValue(false);
    await restored.guard.beat();
    expect(await restored.rows()).toEqual(whole);
    await restored.stop();
  });

  it('does not take events for lost whose effects are, once it has recognized a restore', async () => {
    const { copy, after } = await withCopy();
    await after.emit();
    await after.stop();
    const restored = await startOn(copy);
    await restored.guard.beat();
    expect(restored.errors).toHaveLength(2);
    await restored.stop();
    const again = await startOn(copy);
    await again.guard.beat();
    expect(again.errors).toEqual([]);
    await again.stop();
  });

  it('recognizes an older copy by its spool when NATS has lost its disk, too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-restore-'));
    const openSpool = async () => Spool.open({ folder, maxBytes: 2 ** 26, log: createLogger('test', 'silent') });
    let spool = await openSpool();
    const url = await servers.postgres.createDatabase();
    const before = await startOn(url, spool);
    await before.guard.beat();
    await before.stop();
    const copy = await servers.postgres.createDatabase(nameOf(url));
    const after = await startOn(url, spool);
    await after.guard.beat();
    await after.stop();
    await spool.close();
    await bus.onApplicationShutdown();
    await servers.nats.wipe();
    bus = await Bus.connect('test', { natsUrl: new Secret(servers.nats.url) });
    spool = await openSpool();
    const restored = await startOn(copy, spool);
    await restored.guard.beat();
    expect(restored.errors).toHaveLength(2);
    expect(restored.guard.lastRestore?.gapUntil).not.toBeNull();
    await restored.guard.beat();
    expect(restored.errors).toHaveLength(2);
    await restored.stop();
    await spool.close();
    await rm(folder, { recursive: true });
  });

  it('fills an empty database that takes the place of a lost one', async () => {
    const { after } = await withCopy();
    const { pushes } = await after.rows();
    await after.stop();
    const empty = await startOn(await servers.postgres.createDatabase());
    await empty.guard.beat();
    expect((await empty.rows()).pushes).toEqual(pushes);
    await empty.guard.beat();
    expect(empty.errors).toHaveLength(2);
    await empty.stop();
  });

  it('reports the time for which NATS has no events', async () => {
    const { copy, after } = await withCopy();
    await after.stop();
    await bus.onApplicationShutdown();
    await servers.nats.wipe();
    bus = await Bus.connect('test', { natsUrl: new Secret(servers.nats.url) });
    const restored = await startOn(copy);
    await new DatabaseMirror(bus).write({ ...(await beatOf(restored.store)), beat: 1_000 });
    await restored.guard.beat();
    const { gapUntil, pushes } = (await restored.life.lastRestore())!;
    expect(pushes).toBe(0);
    expect(Date.parse(gapUntil!)).toBeGreaterThan(Date.now() - 60_000);
    await restored.stop();
  });

  it('does nothing after a loss of NATS', async () => {
    const { after } = await withCopy();
    await bus.onApplicationShutdown();
    await after.stop();
    await servers.nats.wipe();
    bus = await Bus.connect('test', { natsUrl: new Secret(servers.nats.url) });
    const whole = await startOn(await servers.postgres.createDatabase());
    await whole.guard.beat();
    await whole.guard.beat();
    expect(whole.errors).toEqual([]);
    expect(await whole.life.lastRestore()).toBeNull();
    await whole.stop();
  });
});

/** Puts a copy in the place of a database that processes use. */
async function replace(url: string, copy: string, during?: () => Promise<void>): Promise<void> {
  const admin = await startOn(await servers.postgres.createDatabase());
  const rename = async (from: string, to: string) => {
    await admin.store.query(`ALTER DATABASE ${from} ALLOW_CONNECTIONS false`);
    await admin.store.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [from]);
    await admin.store.query(`ALTER DATABASE ${from} RENAME TO ${to}`);
    await admin.store.query(`ALTER DATABASE ${to} ALLOW_CONNECTIONS true`);
  };
  await rename(nameOf(url), `${nameOf(url)}_lost`);
  await during?.();
  await rename(nameOf(copy), nameOf(url));
  await admin.stop();
}

async function oldestEvent(rows: () => Promise<{ events: unknown[] }>): Promise<string> {
  return ((await rows()).events[0] as { id: string }).id;
}

async function newestEvent(rows: () => Promise<{ events: unknown[] }>): Promise<string> {
  return ((await rows()).events.at(-1) as { id: string }).id;
}

async function beatOf(store: Store): Promise<{ id: string; epoch: number; beat: number }> {
  const [beat] = await store.query<{ id: string; epoch: number; beat: string }>(
    'SELECT id, epoch, beat FROM database_life',
  );
  return { ...beat!, beat: Number(beat!.beat) };
}
