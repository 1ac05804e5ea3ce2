import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '@tidewaiter/servers';
import {
  buildImage,
  type HttpSink,
  pushImage,
  startRegistry,
  type TestRegistry,
  throwAwayServers,
  type ThrowAwayServers,
  webhookSink,
} from '@tidewaiter/testkit';
import { Client } from 'pg';

import { debian13, dpkgStatus, writeAdvisories } from './fixtures.js';
import { collect, launcher, makeHome, removeFolders, temporaryFolder, until } from './tidewaiter.js';

const webhooks = 200;
const secret = 'hook-secret-of-the-test';

let servers: ThrowAwayServers<{ postgres: true; nats: true; redis: true }>;
let registry: TestRegistry;
let sink: HttpSink;
let home: string;
let environment: Record<string, string | undefined>;
let ingestUrl: string;
const services = new Map<string, ChildProcess>();
const logs = new Map<string, () => string>();

/** Starts one service as production does. */
function startService(name: string): void {
  const [service] = name.split(' ');
  const port = service === 'ingest' ? new URL(ingestUrl).port : '0';
  const child = spawn(launcher, ['service', service!], { env: { ...environment, TIDEWAITER_HTTP_PORT: port } });
  logs.set(name, collect(child));
  services.set(name, child);
}

async function killService(name: string): Promise<void> {
  const child = services.get(name)!;
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

async function sql<Row extends object>(statement: string): Promise<Row[]> {
  const client = new Client({ connectionString: environment['TIDEWAITER_DATABASE_URL'] });
  await client.connect();
  try {
    return (await client.query<Row>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** Sends a webhook as a registry does: repeats the same body until the answer is 2xx. */
async function send(digest: string, tag: string): Promise<void> {
  const event = {
    id: randomUUID(),
    timestamp: new Date().toISOString(),
    action: 'push',
    target: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, repository: 'app', tag },
    request: { host: registry.host, method: 'PUT' },
  };
  const headers = {
    authorization: `Bearer ${secret}`,
    'content-type': 'application/vnd.docker.distribution.events.v1+json',
  };
  const body = JSON.stringify({ events: [event] });
  const deadline = Date.now() + 120_000;
  for (;;) {
    const answer = await fetch(`${ingestUrl}/hooks/registry/main`, {
      method: 'POST',
      headers,
      body,
      signal: AbortSignal.timeout(5_000),
    }).catch(() => null);
    if (answer?.ok) return;
    if (Date.now() > deadline) throw new Error(`no answer accepted the webhook of ${tag}: ${answer?.status}`);
    await sleep(200);
  }
}

beforeAll(async () => {
  [servers, sink, registry] = await Promise.all([
    throwAwayServers({ postgres: true, nats: true, redis: true }),
    webhookSink(),
    startRegistry(),
  ]);
  ingestUrl = `http://127.0.0.1:${await freePort()}`;
  home = makeHome({
    'tidewaiter.yaml': `registries: [ { name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${secret}, allowPrivate: true,
      reconcile: { every: "0" } } ]
releases: [ { repository: app, compareWith: none } ] # each tag is news, although all are the same image`,
    'routing.yaml': `{ route: { receiver: all, group_by: [tag] }, receivers: [ { name: all, webhook_configs: [ { url: "${sink.url}" } ] } ] }`,
  });
  environment = {
    ...process.env,
    TIDEWAITER_HOME: home,
    TIDEWAITER_CONFIG: join(home, 'tidewaiter.yaml'),
    TIDEWAITER_ROUTING: join(home, 'routing.yaml'),
    TIDEWAITER_DATABASE_URL: await servers.postgres.createDatabase(),
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_REDIS_URL: servers.redis.url,
  };
});

afterAll(async () => {
  await Promise.all([...services.keys()].map(killService));
  await Promise.all([servers?.stop(), registry?.stop(), sink?.stop()]);
  await removeFolders();
});

describe('killed services and servers', () => {
  it('still end every push once and announce every alert once', async () => {
    const dir = temporaryFolder();
    await buildImage(dir, { layers: [[debian13], [dpkgStatus({ openssl: '3.0.15-1' })]] });
    const digest = await pushImage(registry, 'app:first', `oci:${dir}:latest`);
    const manifest = await fetch(`${registry.url}/v2/app/manifests/${digest}`, {
      headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
    });
    const manifestBytes = await manifest.arrayBuffer();
    const tags = Array.from({ length: webhooks }, (_, index) => `v${index}`);
    for (const tag of tags) {
      const headers = { 'content-type': 'application/vnd.oci.image.manifest.v1+json' };
      expect(
        (await fetch(`${registry.url}/v2/app/manifests/${tag}`, { method: 'PUT', headers, body: manifestBytes }))
          .status,
      ).toBe(201);
    }
    for (const name of ['ingest', 'scanner 1', 'scanner 2', 'notifier']) startService(name);
    await until(
      'ingest is there',
      async () => (await fetch(`${ingestUrl}/readyz`).catch(() => null))?.status === 200,
      60_000,
    );
    const folder = writeAdvisories(join(home, 'osv'), [
      { id: 'CVE-2026-1001', package: 'openssl', fixed: '3.0.17-1', severity: 'CRITICAL' },
    ]);
    const imported = spawn(launcher, ['advisories', 'import', folder], { env: environment });
    expect((await once(imported, 'exit'))[0]).toBe(0);

    const sending = new AbortController();
    const chaos = (async () => {
      const restart = (name: string) => async () => {
        await killService(name);
        await sleep(300);
        startService(name);
      };
      const restartServer = (server: 'nats' | 'redis' | 'postgres') => async () => {
        await servers[server].kill();
        await sleep(700);
        await servers[server].restart();
      };
      const kills = [
        restart('ingest'),
        restart('scanner 1'),
        restart('notifier'),
        restartServer('nats'),
        restartServer('redis'),
        restartServer('postgres'),
        // NATS and Redis come back empty: they are transports, whose total loss is survivable.
        () => servers.nats.wipe(),
        () => servers.redis.wipe(),
      ];
      // Each kill at least once, and repeatedly while webhooks still arrive.
      for (let round = 0; round < kills.length || !sending.signal.aborted; round += 1) {
        await kills[round % kills.length]!();
        await sleep(900);
      }
    })();
    for (let index = 0; index < tags.length; index += 10) {
      await Promise.all(tags.slice(index, index + 10).map((tag) => send(digest, tag)));
      await sleep(300);
    }
    sending.abort();
    await chaos;

    const open = `SELECT id FROM push WHERE state NOT IN ('analyzed', 'not-an-image', 'refused', 'dead-lettered')`;
    await until('every push has ended', async () => (await sql(open)).length === 0, 150_000).catch(
      explained(`SELECT push.id, push.state, to_json(job) AS job, to_json(outbox) AS event, inbox.handled_at
      FROM push LEFT JOIN job ON job.key = push.id::text LEFT JOIN outbox ON outbox.data ->> 'pushId' = push.id::text
      LEFT JOIN inbox ON inbox.event_id = outbox.id WHERE push.finished_at IS NULL LIMIT 5`),
    );
    const ends = await sql<{ tag: string; state: string; code: string | null }>('SELECT tag, state, code FROM push');
    expect(ends.filter(({ state }) => state !== 'analyzed')).toEqual([]);
    expect(ends.map(({ tag }) => tag).toSorted()).toEqual(tags.toSorted());

    await until(
      'every alert is delivered',
      async () => (await sql(`SELECT id FROM delivery WHERE state <> 'sent'`)).length === 0 && keys().size >= webhooks,
      // Events that the bus lost twice are republished after 30 and 60 seconds.
      150_000,
    ).catch(
      explained(`SELECT to_json(delivery) AS delivery, to_json(job) AS job FROM delivery
      LEFT JOIN job ON job.key = delivery.id::text WHERE delivery.state <> 'sent' LIMIT 5`),
    );
    expect(await sql('SELECT id FROM dead_letter')).toEqual([]);
    // One key for each alert: a repetition, caused by a crash between the response and the commit,
    // has the same key.
    const keysByTag = Map.groupBy(
      sink.received,
      ({ body }) => (body as { groupLabels: { tag: string } }).groupLabels.tag,
    );
    expect([...keysByTag.keys()].toSorted()).toEqual(tags.toSorted());
    for (const [tag, requests] of keysByTag) {
      const ids = new Set(requests.map(({ headers }) => headers['webhook-id']));
      expect([tag, ids.size]).toEqual([tag, 1]);
    }
  }, 420_000);

  /** Rethrows with the stuck rows of the database and the tail of each service's log. */
  function explained(statement: string): (error: unknown) => Promise<never> {
    return async (error) => {
      const stuck = JSON.stringify(await sql(statement), null, 1);
      const tails = [...logs].map(([name, text]) => `--- ${name}\n${text().slice(-3_000)}`);
      throw new Error([String(error), stuck, ...tails].join('\n'));
    };
  }

  function keys(): Set<unknown> {
    return new Set(sink.received.map(({ headers }) => headers['webhook-id']));
  }
});
