import { appendFile, cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Bus } from '@tidewaiter/bus';
import { Secret } from '@tidewaiter/domain';
import { type DataOf, readEvent, runtimeObserved, runtimeStream } from '@tidewaiter/events';
import type { RunningService } from '@tidewaiter/runtime';
import { connect, Store } from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { start } from '../main.js';

const settings = `
registries:
  - { name: main, kind: distribution, url: "http://127.0.0.1:5000", allowUnauthenticated: true }
  - { name: quay, kind: quay, url: "https://quay.example", allowUnauthenticated: true }
sensors: [{ name: nodes, kind: tetragon, cluster: eu1, allowUnauthenticated: true, silentAfter: never }]
pipelines: [{ name: ci, kind: token, token: t0ken }]
`;

let servers: ThrowAwayServers<{ postgres: true; nats: true }>;
let folder: string;
let environment: Record<string, string>;
let ingest: RunningService | undefined;
let dataSource: DataSource;
let store: Store;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true });
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-spool-'));
  await writeFile(join(folder, 'tidewaiter.yaml'), settings);
  const databaseUrl = await servers.postgres.createDatabase();
  environment = {
    TIDEWAITER_DATABASE_URL: databaseUrl,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
    TIDEWAITER_CONFIG: join(folder, 'tidewaiter.yaml'),
    TIDEWAITER_SPOOL_DIR: join(folder, 'spool'),
  };
  dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
});

afterEach(async () => {
  await ingest?.stop();
  ingest = undefined;
  await dataSource.destroy();
  await Promise.all([servers.postgres.restart(), servers.nats.wipe()]);
  await rm(folder, { recursive: true });
});

afterAll(async () => servers.stop());

let ids = 0;
const unique = () => `e${(ids += 1)}`;
const digest = `sha256:${'ab'.repeat(32)}`;

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const given = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await fetch(`${ingest!.url}/hooks/${path}`, { method: 'POST', body: given, headers });
  const { code, accepted } = (await answer.json()) as { code?: string; accepted?: number };
  return { status: answer.status, retryAfter: answer.headers.get('retry-after'), code, accepted };
}

const pushHook = (repository: string, tag: string) => {
  const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, repository, tag };
  return { events: [{ id: unique(), action: 'push', timestamp: '2026-01-02T03:04:05Z', target }] };
};
const exec = (node: string, execId = unique(), args = '-c id') => ({
  process_exec: { process: { exec_id: execId, pid: 1, uid: 0, binary: '/bin/sh', arguments: args } },
  node_name: node,
  time: '2026-01-02T03:04:05.123456789Z',
});
const lines = (events: readonly object[]) => events.map((event) => JSON.stringify(event)).join('\n');
const postEvents = async (events: readonly object[]) => post('runtime/nodes', lines(events));

async function until<Value>(what: string, look: () => Promise<Value | false>): Promise<Value> {
  const began = performance.now();
  for (;;) {
    const value = await look().catch(() => false as const);
    if (value !== false) return value;
    if (performance.now() - began > 30_000) throw new Error(`not within 30 s: ${what}`);
    await sleep(100);
  }
}

const tagsOf = async (repository: string) => {
  const rows = await store.query<{ tag: string }>(
    'SELECT tag FROM push WHERE repository = $1 ORDER BY received_at, id',
    [repository],
  );
  return rows.map(({ tag }) => tag);
};

async function metric(name: string): Promise<number> {
  const text = await fetch(`${ingest!.url}/metrics`).then(async (answer) => answer.text());
  return Number(new RegExp(`^${name}\\{[^}]*\\} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

const ready = async () => until('ready', async () => (await fetch(`${ingest!.url}/readyz`)).status === 200);

/**
 * Ids of the processes of the events in the stream, with the place of the last message of each
 * partition.
 */
async function streamed(): Promise<{ ids: string[]; places: Map<string, number>; life: string }> {
  const bus = await Bus.connect('test', { natsUrl: new Secret(servers.nats.url) });
  try {
    const { source, waiting, life } = await bus.consumerAfter(runtimeStream, `${runtimeObserved.channel}.*`, null);
    const found: string[] = [];
    const places = new Map<string, number>();
    if (waiting > 0) {
      for await (const { subject, data, info } of await source.fetch({ max_messages: waiting, expires: 5_000 })) {
        const { records } = readEvent(data).data as DataOf<typeof runtimeObserved>;
        found.push(...records.map(({ event }) => (event as ReturnType<typeof exec>).process_exec.process.exec_id));
        places.set(`partition/${subject.split('.').at(-1)}`, info.streamSequence);
      }
    }
    return { ids: found, places, life };
  } finally {
    await bus.onApplicationShutdown();
  }
}

/** Stores the snapshots that a detector would store that has evaluated the whole stream. */
async function coverStream(): Promise<void> {
  const { places, life } = await streamed();
  for (const [name, position] of places) {
    await store.query(
      `INSERT INTO detector_snapshot (name, format, life, position, state) VALUES ($1, 'f', $2, $3, '')
       ON CONFLICT (name) DO UPDATE SET life = excluded.life, position = excluded.position`,
      [name, life, position],
    );
  }
}

describe('webhooks', () => {
  it('are taken while PostgreSQL is down, and are stored once and in order when it is back', async () => {
    ingest = await start(environment);
    const repository = `shop/${unique()}`;
    await ready();
    expect(await post('registry/main', pushHook(repository, 'v0'))).toMatchObject({ status: 202 });
    await servers.postgres.kill();
    for (const tag of ['v1', 'v2', 'v3']) {
      const hook = pushHook(repository, tag);
      expect(await post('registry/main', hook)).toMatchObject({ status: 202, accepted: 1 });
      expect(await post('registry/main', hook)).toMatchObject({ status: 202 });
    }
    expect(await metric('tidewaiter_ingest_spool_bytes')).toBeGreaterThan(0);
    await servers.postgres.restart();
    const after = await post('registry/main', pushHook(repository, 'v4'));
    expect(after).toMatchObject({ status: 202 });
    const tags = ['v0', 'v1', 'v2', 'v3', 'v4'];
    expect(
      await until('all are stored', async () => (await tagsOf(repository)).length === 5 && tagsOf(repository)),
    ).toEqual(tags);
    await until('the spool is empty', async () => (await metric('tidewaiter_ingest_spool_bytes')) === 0);
    expect(
      await store.query('SELECT count(*)::int AS events FROM outbox WHERE subject LIKE $1', [`${repository}%`]),
    ).toEqual([{ events: 5 }]);
  });

  it('are taken by starts without PostgreSQL, and survive others, in one outage after the other', async () => {
    const repository = `shop/${unique()}`;
    for (const tags of [
      ['v1', 'v2'],
      ['v3', 'v4', 'v5'],
    ]) {
      await servers.postgres.kill();
      for (const tag of tags) {
        await ingest?.stop();
        ingest = await start(environment);
        expect(await post('registry/main', pushHook(repository, tag))).toMatchObject({ status: 202, accepted: 1 });
      }
      await servers.postgres.restart();
      await until('all are stored', async () => (await tagsOf(repository)).includes(tags.at(-1)!));
    }
    expect(await tagsOf(repository)).toEqual(['v1', 'v2', 'v3', 'v4', 'v5']);
  });

  it('are answered in time while a table is locked, and are stored once', async () => {
    ingest = await start(environment);
    const repository = `shop/${unique()}`;
    const hook = { repository, docker_url: `quay.example/${repository}`, updated_tags: ['1'] };
    await ready();
    const lock = dataSource.createQueryRunner();
    await lock.startTransaction();
    await lock.query('LOCK TABLE received IN ACCESS EXCLUSIVE MODE');
    const began = performance.now();
    expect(await post('registry/quay', hook)).toMatchObject({ status: 202 });
    expect(performance.now() - began).toBeGreaterThan(4_000);
    expect(performance.now() - began).toBeLessThan(8_000);
    await lock.rollbackTransaction();
    await lock.release();
    await until('it is stored', async () => (await tagsOf(repository)).length > 0);
    await until('the spool is empty', async () => (await metric('tidewaiter_ingest_spool_bytes')) === 0);
    expect(await tagsOf(repository)).toEqual(['1']);
  });

  it('of pipelines are taken, too', async () => {
    ingest = await start(environment);
    await servers.postgres.kill();
    const sbom = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components: [] };
    const sent = await post(`pipeline/ci?digest=${digest}`, sbom, { authorization: 'Bearer t0ken' });
    expect(sent).toMatchObject({ status: 202, accepted: 1 });
    await servers.postgres.restart();
    const stored = async () => store.query('SELECT content FROM pipeline_document');
    const [document] = await until('it is stored', async () => (await stored()).length > 0 && stored());
    expect((document as { content: Buffer }).content.toString()).toBe(JSON.stringify(sbom));
  });

  it('get 503 in time without a spool', async () => {
    const { TIDEWAITER_SPOOL_DIR: _, ...without } = environment;
    ingest = await start(without);
    await ready();
    const lock = dataSource.createQueryRunner();
    await lock.startTransaction();
    await lock.query('LOCK TABLE received IN ACCESS EXCLUSIVE MODE');
    const began = performance.now();
    expect(await post('registry/main', pushHook('a/b', '2'))).toMatchObject({ status: 503, code: 'INTAKE_TIMEOUT' });
    expect(performance.now() - began).toBeLessThan(10_000);
    await lock.rollbackTransaction();
    await lock.release();
  });
});

describe('runtime events', () => {
  it('are taken while NATS is away, also by a start without it, and get into the stream in order', async () => {
    await servers.nats.kill();
    ingest = await start(environment);
    const sent = Array.from({ length: 30 }, () => unique());
    for (const id of sent) expect(await postEvents([exec('node-1', id)])).toMatchObject({ status: 202, accepted: 1 });
    await servers.nats.restart();
    expect(
      await until('all are in the stream', async () => (await streamed()).ids.length >= 30 && streamed()),
    ).toMatchObject({ ids: sent });
  });

  it('are in the stream again after NATS has lost its disk under load', async () => {
    ingest = await start(environment);
    const accepted: string[] = [];
    const over = new AbortController();
    const load = async (node: string) => {
      while (!over.signal.aborted) {
        const batch = [unique(), unique()];
        const { status } = await postEvents(batch.map((id) => exec(node, id)));
        if (status === 202) accepted.push(...batch);
        await sleep(5);
      }
    };
    const loads = ['node-1', 'node-2', 'node-3'].map(load);
    const more = async () => {
      const enough = accepted.length + 80;
      await until('more is accepted', async () => accepted.length >= enough);
    };
    for (let turn = 0; turn < 3; turn += 1) {
      await more();
      await servers.nats.wipe();
    }
    await more();
    over.abort();
    await Promise.all(loads);
    const missing = async () => {
      const { ids: found } = await streamed();
      const known = new Set(found);
      return accepted.filter((id) => !known.has(id)).length;
    };
    await until('none is missing', async () => (await missing()) === 0);
    expect(await metric('tidewaiter_ingest_spool_republished_total')).toBeGreaterThan(0);
  });

  it('wait no longer when snapshots of the detector cover them, and then are not published again', async () => {
    ingest = await start(environment);
    await postEvents([exec('node-1'), exec('node-2')]);
    await until('both are in the stream', async () => (await streamed()).ids.length === 2);
    await coverStream();
    await until('nothing waits', async () => (await metric('tidewaiter_ingest_spool_bytes')) === 0);
    const [id] = [unique()];
    await postEvents([exec('node-1', id)]);
    await until('it is in the stream', async () => (await streamed()).ids.length === 3);
    await servers.nats.wipe();
    expect(await until('it is there again', async () => (await streamed()).ids.length > 0 && streamed())).toMatchObject(
      {
        ids: [id],
      },
    );
  });

  it('survive a crash that leaves a torn tail', async () => {
    await servers.nats.kill();
    ingest = await start(environment);
    const id = unique();
    await postEvents([exec('node-1', id)]);
    const copy = join(folder, 'copy');
    await cp(join(folder, 'spool'), copy, { recursive: true });
    await ingest.stop();
    const [segment = ''] = (await readdir(join(copy, 'events'))).filter((name) => name.endsWith('.log'));
    await appendFile(join(copy, 'events', segment), Buffer.from([9, 0, 0, 0, 1, 2, 3, 4, 5]));
    ingest = await start({ ...environment, TIDEWAITER_SPOOL_DIR: copy });
    await servers.nats.restart();
    expect(
      await until('it is in the stream', async () => (await streamed()).ids.length > 0 && streamed()),
    ).toMatchObject({
      ids: [id],
    });
    expect(await metric('tidewaiter_ingest_spool_damaged_total')).toBe(0);
  });

  it('get 503 when the spool is full, while there is room for webhooks', async () => {
    await Promise.all([servers.nats.kill(), servers.postgres.kill()]);
    ingest = await start({ ...environment, TIDEWAITER_SPOOL_MAX_BYTES: String(64 * 2 ** 20) });
    const large = () => lines(Array.from({ length: 70 }, () => exec('node-1', unique(), 'x'.repeat(100_000))));
    let last = await post('runtime/nodes', large());
    for (let turn = 0; turn < 20 && last.status === 202; turn += 1) last = await post('runtime/nodes', large());
    expect(last).toMatchObject({ status: 503, code: 'SPOOL_FULL', retryAfter: '10' });
    expect(await post('registry/main', pushHook('a/b', '1'))).toMatchObject({ status: 202 });
  });
});
