import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Secret } from '@tidewaiter/domain';
import type { RunningService } from '@tidewaiter/runtime';
import { connect, finalPushStates, pushJob, Pushes, Store } from '@tidewaiter/store';
import {
  type HostileRegistry,
  type LayerAnswer,
  startHostileRegistry,
  tarArchive,
  throwAwayServers,
  type ThrowAwayServers,
} from '@tidewaiter/testkit';

import { start } from './main.js';

let servers: ThrowAwayServers<{ postgres: true; nats: true; redis: true }>;
let good: HostileRegistry;
let evil: HostileRegistry;
let scanner: RunningService;
let store: Store;
let pushes: Pushes;
let dataSource: Awaited<ReturnType<typeof connect>>;
let home: string;

async function announce(connection: string, repository: string, tag = '1'): Promise<string> {
  return store.transaction(async (tx) => {
    const about = { claimedDigest: null, artifact: 'image', attachedTo: null, pushedBy: null, pushedAt: null };
    const [id] = await pushes.add(tx, [{ connection, repository, tag, ...about }]);
    await tx.enqueue(pushJob({ id: id!, connection, repository }));
    return id!;
  });
}

async function stateOf(id: string): Promise<string> {
  return (await pushes.get(id))!.state;
}

async function ended(id: string, withinMs = 60_000): Promise<{ state: string; unread: number; tookMs: number }> {
  const since = performance.now();
  while (!isFinal(await stateOf(id))) {
    if (performance.now() - since > withinMs) throw new Error(`the push is still ${await stateOf(id)}`);
    await sleep(25);
  }
  const [image] = await store.query<{ unread: number }>(
    `SELECT coalesce(sum(cardinality(unread_layers)), 0)::int AS unread
     FROM push_image JOIN image ON digest = image_digest WHERE push_id = $1`,
    [id],
  );
  return { state: await stateOf(id), unread: image!.unread, tookMs: performance.now() - since };
}

function isFinal(state: string): boolean {
  return finalPushStates.some((final) => final === state);
}

/** Layer that equals no other and does not compress. */
const newLayer = (bytes = 20_000) =>
  tarArchive([
    { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="12"\n' },
    { path: `data/${randomUUID()}`, content: randomBytes(bytes) },
  ]);

async function pushGood(repository: string): Promise<{ state: string; unread: number; tookMs: number }> {
  good.put(repository, '1', [newLayer()]);
  return ended(await announce('good', repository));
}

describe('hostile sources', () => {
  beforeAll(async () => {
    [servers, good, evil] = await Promise.all([
      throwAwayServers({ postgres: true, nats: true, redis: true }),
      startHostileRegistry(),
      startHostileRegistry(),
    ]);
    home = mkdtempSync(join(tmpdir(), 'hostile-'));
    const registries = { good, evil };
    writeFileSync(
      join(home, 'tidewaiter.yaml'),
      `registries:\n${Object.entries(registries)
        .map(([name, { url }]) => `  - { name: ${name}, kind: distribution, url: "${url}", allowPrivate: true }\n`)
        .join('')}`,
    );
    const url = await servers.postgres.createDatabase();
    dataSource = await connect({ url: new Secret(url), poolSize: 4, name: 'test' });
    scanner = await start({
      TIDEWAITER_DATABASE_URL: url,
      TIDEWAITER_NATS_URL: servers.nats.url,
      TIDEWAITER_REDIS_URL: servers.redis.url,
      TIDEWAITER_CONFIG: join(home, 'tidewaiter.yaml'),
      TIDEWAITER_HTTP_PORT: '0',
      TIDEWAITER_LOG_LEVEL: process.env['TIDEWAITER_LOG_LEVEL'] ?? 'silent',
    });
    store = new Store(dataSource, 'test');
    pushes = new Pushes(store);
    // The registry shows that it is quick.
    await pushGood('first');
  });

  afterAll(async () => {
    await scanner.stop();
    await dataSource.destroy();
    await Promise.all([servers.stop(), good.stop(), evil.stop()]);
    rmSync(home, { recursive: true });
  });

  it.each<LayerAnswer>(['drip', 'wrong', 'missing', 'failing', 'redirecting'])(
    'whose layers are %s do not change the image of another repository with the same layer',
    async (answer) => {
      const shared = newLayer();
      const [bad, victim] = [`bad/${answer}`, `victim/${answer}`];
      // Also in the registry of the victim, which a user of that registry can do.
      for (const [registry, connection] of [
        [evil, 'evil'],
        [good, 'good'],
      ] as const) {
        registry.put(bad, '1', [shared], answer);
        await announce(connection, bad);
      }
      await sleep(300);
      good.put(victim, '1', [shared]);
      const result = await ended(await announce('good', victim), 30_000);
      expect(result).toMatchObject({ state: 'analyzed', unread: 0 });
      expect(good.asked.filter((repository) => repository === victim)).toHaveLength(1);
      const failures = await store.query<{ repository: string }>(
        'SELECT DISTINCT repository FROM layer_failure WHERE repository LIKE $1',
        ['victim/%'],
      );
      expect(failures).toEqual([]);
    },
  );

  it('that drip do not hold the layers of a quick registry back', async () => {
    for (let each = 0; each < 6; each += 1) {
      evil.put(`drip/${each}`, '1', [newLayer(500_000)], 'drip');
      await announce('evil', `drip/${each}`);
    }
    const jobs = async (state: string) =>
      store.query('SELECT id FROM job WHERE queue = $1 AND state = $2 AND repository LIKE $3', [
        'layer',
        state,
        'drip/%',
      ]);
    while ((await jobs('running')).length + (await jobs('queued')).length < 6) await sleep(50);
    expect((await jobs('running')).length).toBeLessThanOrEqual(1);
    for (let each = 0; each < 5; each += 1) {
      expect(await pushGood(`quick/${each}`)).toMatchObject({ state: 'analyzed', unread: 0 });
    }
    expect(await store.query(`SELECT state FROM push WHERE repository LIKE 'drip/%' AND state = 'analyzed'`)).toEqual(
      [],
    );
  });

  it('that drip are cut, tried again, and never hold more than their share', async () => {
    const cut = `SELECT key FROM job WHERE queue = 'layer' AND code = 'EGRESS_TOO_SLOW' AND repository LIKE 'drip/%'`;
    const since = performance.now();
    while ((await store.query(cut)).length === 0) {
      if (performance.now() - since > 60_000) throw new Error('nothing was cut');
      await sleep(100);
    }
    expect(await pushGood('after')).toMatchObject({ state: 'analyzed' });
  });
});
