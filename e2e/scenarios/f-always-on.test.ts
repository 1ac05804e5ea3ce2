import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '@tidewaiter/servers';
import {
  buildImage,
  describeWith,
  httpSink,
  type HttpSink,
  programs,
  pushImage,
  type SinkAnswer,
  startRegistry,
  type TestRegistry,
  throwAwayServers,
  type ThrowAwayServers,
  webhookSink,
} from '@tidewaiter/testkit';
import { Client } from 'pg';

import { debian13, dpkgStatus, hardened, writeAdvisories } from '../fixtures.js';
import { type DistributionEvent, type RegistryRelay, registryRelay } from '../registry-relay.js';
import { collect, launcher, makeHome, quiet, removeFolders, temporaryFolder, until } from '../tidewaiter.js';

// Scenario F: webhooks come twice and out of order while a destination, a worker, the message bus
// and the advisory mirror fail.

interface Alert {
  startsAt: string;
  labels: { repository: string };
}

const secret = 'hook-secret-of-the-test';
/** Repositories of their own: a later version of one that brings nothing new is not announced. */
const repositories = Array.from({ length: 12 }, (_, index) => `app-${index}`);
/** Pushed twice; the notification of its first push comes last. */
const movedRepository = 'app-0';
/** The registry pushed so long ago: what arrives late must not look new. */
const ageMs = 3 * 3_600_000;

describeWith(programs('docker-registry', 'skopeo'))('scenario F', () => {
  let servers: ThrowAwayServers<{ postgres: true; nats: true; redis: true }>;
  let registry: TestRegistry;
  let relay: RegistryRelay;
  let steady: HttpSink;
  let flaky: HttpSink;
  let environment: Record<string, string | undefined>;
  let ingestUrl: string;
  let isDown = true;
  let digest: string;
  const services = new Map<string, ChildProcess>();
  const logs = new Map<string, () => string>();

  beforeAll(async () => {
    const answer = (): SinkAnswer => ({ status: isDown ? 503 : 200 });
    [servers, relay, steady, flaky] = await Promise.all([
      throwAwayServers({ postgres: true, nats: true, redis: true }),
      // The test sends them on by itself.
      registryRelay(async () => {}),
      webhookSink(),
      httpSink(answer),
    ]);
    registry = await startRegistry({ notify: relay.notify });
    ingestUrl = `http://127.0.0.1:${await freePort()}`;
    const home = makeHome({
      'tidewaiter.yaml': `registries: [ { name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${secret}, allowPrivate: true,
        reconcile: { every: "0" } } ]`,
      'routing.yaml': `
route:
  receiver: none
  routes:
    - { receiver: steady, group_by: [repository], matchers: [ 'kind="vulnerability"' ], continue: true }
    - { receiver: flaky, group_by: [repository], matchers: [ 'kind="vulnerability"' ] }
receivers:
  - name: none
  - { name: steady, webhook_configs: [ { url: "${steady.url}" } ] }
  - { name: flaky, webhook_configs: [ { url: "${flaky.url}" } ] }
`,
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
    for (const name of ['ingest', 'scanner 1', 'scanner 2', 'notifier']) startService(name);
    const ready = async () => (await fetch(`${ingestUrl}/readyz`).catch(() => null))?.status === 200;
    await until('ingest is ready', ready, 90_000);
    const folder = writeAdvisories(join(home, 'osv'), [
      { id: 'CVE-2026-1001', package: 'openssl', fixed: '3.0.17-1', severity: 'CRITICAL' },
    ]);
    expect((await command('advisories', 'import', folder)).code).toBe(0);
  }, 180_000);

  afterAll(async () => {
    await Promise.all([...services.keys()].map(killService));
    await registry?.stop();
    await Promise.all([relay?.stop(), servers?.stop(), steady?.stop(), flaky?.stop()]);
    await removeFolders();
  });

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

  async function command(...args: string[]): Promise<{ code: number; output: string }> {
    const child = spawn(launcher, args, { env: environment });
    const output = collect(child);
    const [code] = (await once(child, 'exit')) as [number];
    return { code, output: output() };
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

  /** An image of its own, so that each push is a scan of its own. */
  async function push(repository: string, marker: string): Promise<string> {
    const layout = temporaryFolder();
    const layers = [[debian13], [dpkgStatus({ openssl: '3.0.15-1', [marker]: '1' })]];
    await buildImage(layout, { layers, config: hardened });
    return pushImage(registry, `${repository}:1`, `oci:${layout}:latest`);
  }

  /** Counts that ingest answered for the events that it accepted. */
  const answered = { accepted: 0, duplicates: 0, ignored: 0 };

  /** Sends one event as the registry does: the same body again until it is accepted. */
  async function send(event: DistributionEvent): Promise<void> {
    const headers = {
      authorization: `Bearer ${secret}`,
      'content-type': 'application/vnd.docker.distribution.events.v1+json',
    };
    const body = JSON.stringify({ events: [event] });
    const deadline = Date.now() + 60_000;
    for (;;) {
      const answer = await fetch(`${ingestUrl}/hooks/registry/main`, { method: 'POST', headers, body }).catch(
        () => null,
      );
      if (answer?.status === 202) {
        const counts = (await answer.json()) as typeof answered;
        for (const key of ['accepted', 'duplicates', 'ignored'] as const) answered[key] += counts[key];
        return;
      }
      if (Date.now() > deadline) throw new Error(`ingest does not accept the event: ${answer?.status}`);
      await sleep(200);
    }
  }

  /** Delivery ids by tag: a repeated request, which a crash can cause, has the id of the first. */
  function deliveriesByTag({ received }: HttpSink): Map<string, Set<unknown>> {
    const byTag = Map.groupBy(
      received,
      ({ body }) => (body as { groupLabels: { repository: string } }).groupLabels.repository,
    );
    return new Map([...byTag].map(([tag, all]) => [tag, new Set(all.map(({ headers }) => headers['webhook-id']))]));
  }

  let expected: DistributionEvent[];

  it('scans every push once, with duplicate and reordered webhooks, a killed worker and a NATS restart', async () => {
    await push(movedRepository, 'first');
    for (const repository of repositories) digest = await push(repository, `of-${repository}`);
    const isTagged = ({ action, target }: DistributionEvent) => action === 'push' && target.tag !== undefined;
    await until('the registry sent its events', () => relay.events.filter(isTagged).length > repositories.length);
    expected = relay.events.filter(isTagged).map((event) => ({
      ...event,
      timestamp: new Date(Date.parse(event.timestamp) - ageMs).toISOString(),
    }));
    const backwards = expected.toReversed();
    for (const event of [...backwards, ...backwards]) {
      await send(event);
      // In the middle of the scans.
      if (event === backwards[3]) {
        await until('a scan runs', async () => (await sql(`SELECT 1 FROM push WHERE finished_at IS NULL`)).length > 0);
        await killService('scanner 1');
      }
      if (event === backwards[6]) {
        await servers.nats.kill();
        await sleep(700);
        await servers.nats.restart();
      }
    }
    startService('scanner 1');
    const ended = `state IN ('analyzed', 'refused', 'dead-lettered')`;
    await until(
      'every push has ended',
      async () => (await sql(`SELECT 1 FROM push WHERE ${ended}`)).length >= expected.length,
      150_000,
    );
    const ends = await sql<{ repository: string; digest: string; state: string }>(
      'SELECT repository, digest, state FROM push',
    );
    expect(ends.map(({ repository, digest: of }) => `${repository} ${of}`).toSorted()).toEqual(
      expected.map(({ target }) => `${target.repository} ${target.digest}`).toSorted(),
    );
    expect(ends.filter(({ state }) => state !== 'analyzed')).toEqual([]);
    expect(answered).toEqual({ accepted: expected.length, duplicates: expected.length, ignored: 0 });
  }, 300_000);

  it('knows the current digest of the tag, although its first push was reported last', async () => {
    const [newest] = await sql<{ digest: string }>(
      `SELECT digest FROM tag_ledger WHERE repository = '${movedRepository}' ORDER BY position DESC LIMIT 1`,
    );
    const last = expected.findLast(({ target }) => target.repository === movedRepository)!;
    expect(newest).toEqual({ digest: last.target.digest });
    expect(digest).toBe(expected.at(-1)!.target.digest);
  });

  it('keeps its advisories while the mirror is offline, and reports the reason', async () => {
    const before = await sql('SELECT count(*)::int AS count FROM advisory');
    const synced = await command('advisories', 'sync', '--url', `http://127.0.0.1:${await freePort()}/osv`);
    expect(synced.code).not.toBe(0);
    expect(synced.output).toContain('EGRESS_UNREACHABLE');
    expect(await sql('SELECT count(*)::int AS count FROM advisory')).toEqual(before);
  }, 60_000);

  it('delivers every alert once, late ones with their time', async () => {
    await until(
      'the steady destination has every alert',
      () => deliveriesByTag(steady).size >= repositories.length,
      150_000,
    );
    expect(flaky.received.length).toBeGreaterThan(0);
    isDown = false;
    const refused = flaky.received.splice(0).length;
    expect(refused).toBeGreaterThan(0);
    await until('the late alerts arrive', () => deliveriesByTag(flaky).size >= repositories.length, 290_000);
    await quiet();
    for (const sink of [steady, flaky]) {
      const byTag = deliveriesByTag(sink);
      expect([...byTag.keys()].toSorted()).toEqual(repositories.toSorted());
      for (const [tag, ids] of byTag) expect([tag, ids.size]).toEqual([tag, 1]);
    }
    const pushedAt = new Map(expected.map(({ target, timestamp }) => [target.repository, timestamp]));
    for (const { body } of flaky.received)
      for (const { startsAt, labels } of (body as { alerts: Alert[] }).alerts) {
        // The time of the push, to the difference between two reports of it, and not that of the
        // recovery.
        const late = Date.parse(startsAt) - Date.parse(pushedAt.get(labels.repository)!);
        expect([labels.repository, Math.abs(late) < 2_000]).toEqual([labels.repository, true]);
      }
  }, 480_000);

  it('has consistent counts of events, pushes, deliveries and requests', async () => {
    expect(await sql(`SELECT id FROM dead_letter`)).toEqual([]);
    expect(await sql(`SELECT id FROM delivery WHERE state <> 'sent'`)).toEqual([]);
    const [{ count } = { count: 0 }] = await sql<{ count: number }>('SELECT count(*)::int AS count FROM delivery');
    const ids = [steady, flaky].flatMap((sink) => [...deliveriesByTag(sink).values()].flatMap((each) => [...each]));
    expect(count).toBe(ids.length);
  });
});
