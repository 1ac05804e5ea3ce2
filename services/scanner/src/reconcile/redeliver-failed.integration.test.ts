import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Secret } from '@tidewaiter/domain';
import type { RunningService } from '@tidewaiter/runtime';
import { connect, Store } from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';

import { start } from '../main.js';

interface Delivery {
  id: number;
  guid: string;
  delivered_at: string;
  status_code: number;
  event: string;
}

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString();
const delivery = (id: number, status: number, minutes: number, guid = `guid-${id}`): Delivery => ({
  ...{ id, guid, delivered_at: minutesAgo(minutes), status_code: status, event: 'registry_package' },
});

/**
 * Fake of GitHub's API: deliveries newest first, in pages of two, with an entity tag, and new
 * attempts.
 */
class FakeGithub {
  deliveries: Delivery[] = [];
  asked: number[] = [];
  notModified = 0;
  requests: { url: string; authorization: string | undefined }[] = [];
  refusals: { status: number; headers: Record<string, string> }[] = [];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://api.example.com');
      this.requests.push({ url: url.pathname, authorization: request.headers.authorization });
      const refusal = this.refusals.shift();
      if (refusal) return void response.writeHead(refusal.status, refusal.headers).end('{}');
      const attempt = /^\/api\/orgs\/acme\/hooks\/7\/deliveries\/(\d+)\/attempts$/.exec(url.pathname)?.[1];
      if (request.method === 'POST' && attempt !== undefined) {
        this.#deliverAgain(Number(attempt));
        return void response.writeHead(202).end('{}');
      }
      const etag = `"${this.deliveries.map(({ id }) => id).join()}"`;
      if (request.headers['if-none-match'] === etag) {
        this.notModified += 1;
        return void response.writeHead(304).end();
      }
      const from = Number(url.searchParams.get('cursor') ?? 0);
      const next = `<http://169.254.169.254/steal?cursor=${from + 2}>; rel="next"`;
      const link = from + 2 < this.deliveries.length ? { link: next } : {};
      response.writeHead(200, { etag, ...link }).end(JSON.stringify(this.deliveries.slice(from, from + 2)));
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api/`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #deliverAgain(id: number): void {
    this.asked.push(id);
    const { guid } = this.deliveries.find((each) => each.id === id)!;
    this.deliveries.unshift(delivery(1000 + id, 202, 0, guid));
  }
}

let servers: ThrowAwayServers<{ postgres: true; nats: true; redis: true }>;
let github: FakeGithub;
let folder: string;
let dataSource: DataSource;
let store: Store;
let service: RunningService | undefined;

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true, nats: true, redis: true });
  github = new FakeGithub();
  const url = await github.listen();
  folder = await mkdtemp(join(tmpdir(), 'tidewaiter-redeliver-'));
  await writeFile(
    join(folder, 'tidewaiter.yaml'),
    `registries: [ { name: gh, kind: ghcr, url: "https://registry.example.com", webhookSecret: x, reconcile: { every: 0 },
       redeliver: { hook: orgs/acme/hooks/7, token: t0ken, url: "${url}", allowPrivate: true } } ]`,
  );
  const databaseUrl = await servers.postgres.createDatabase();
  dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 2, name: 'test' });
  store = new Store(dataSource, 'test');
  service = await start({
    TIDEWAITER_DATABASE_URL: databaseUrl,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_REDIS_URL: servers.redis.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
    TIDEWAITER_CONFIG: join(folder, 'tidewaiter.yaml'),
  });
});

afterAll(async () => {
  await service?.stop();
  await dataSource.destroy();
  github.close();
  await servers.stop();
  await rm(folder, { recursive: true });
});

const until = async (isSo: () => Promise<boolean>) => {
  for (const end = Date.now() + 60_000; !(await isSo());) {
    if (Date.now() > end) throw new Error('it did not happen within 60 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
const jobsIn = async (where: string) =>
  (await store.query(`SELECT id FROM job WHERE queue = 'redeliver' AND ${where}`)).length;

/**
 * Queues the job as the schedule does, but does not send it to Redis: the next sweep has to find
 * it.
 */
const queueLook = async () => {
  await store.transaction((tx) => tx.enqueue({ queue: 'redeliver', key: 'gh', class: 'bulk' }));
  await store.query(`UPDATE job SET swept_at = '-infinity' WHERE queue = 'redeliver'`);
};
const look = async () => {
  const before = await jobsIn(`state = 'done'`);
  await queueLook();
  await until(async () => (await jobsIn(`state = 'done'`)) > before);
};

describe('RedeliverFailed', () => {
  it('requests failed deliveries once, over all pages, and reads none twice', async () => {
    github.deliveries = [
      delivery(6, 202, 5),
      delivery(5, 502, 10),
      delivery(4, 202, 20, 'guid-3'),
      delivery(3, 500, 30),
      delivery(2, 0, 40),
      delivery(1, 500, 5 * 24 * 60),
    ];
    await look();
    expect(github.asked).toEqual([2, 5]);
    expect(new Set(github.requests.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer t0ken']));
    const metrics = await fetch(`${service?.url}/metrics`).then(async (answer) => answer.text());
    expect(metrics).toMatch(/^tidewaiter_ingest_redeliveries_total\{source="gh",service="scanner"\} 2$/m);

    await look();
    await look();
    expect(github.asked).toEqual([2, 5]);
    expect(github.notModified).toBe(1);
  });

  it('retries at the time that GitHub names', async () => {
    github.refusals = [{ status: 403, headers: { 'x-ratelimit-remaining': '0', 'retry-after': '1200' } }];
    await queueLook();
    await until(async () => (await jobsIn(`state = 'queued' AND run_at > now() + interval '19 minutes'`)) === 1);
    await store.query(`DELETE FROM job WHERE queue = 'redeliver'`);
  });

  it('stops after a refusal of the token: every run would fail', async () => {
    github.refusals = [{ status: 401, headers: {} }];
    await look();
    expect(await store.query('SELECT id FROM dead_letter')).toEqual([]);
  });
});
