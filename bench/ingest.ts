/**
 * Webhooks per second that ingest stores, beside the limits of the disk under PostgreSQL and
 * JetStream. A webhook counts when it is answered with 202, which is after its commit; the rows are
 * counted at the end. See README.md.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHistogram, performance, type RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { Secret } from '@tidewaiter/domain';
import { start } from '@tidewaiter/ingest';
import { connect } from '@tidewaiter/store';
import { throwAwayServers } from '@tidewaiter/testkit';

import { measureCeilings, rateOf, report } from './ceilings.ts';

const warmUpMs = 3_000;
const secret = 'bench';
const settings = `registries: [{ name: main, kind: distribution, url: "http://127.0.0.1:5000", webhookSecret: ${secret} }]\n`;

interface Load {
  latencyUs: RecordableHistogram;
  accepted: number;
  refused: number;
  seconds: number;
}

/** Webhook of registry 3 for one push. */
function pushBody(turn: number): string {
  const digest = `sha256:${turn.toString(16).padStart(64, '0')}`;
  const repository = `shop/app-${turn % 100}`;
  const host = 'registry.example.com';
  const event = {
    id: `bench-${turn}`,
    timestamp: '2026-01-02T03:04:05.123456789Z',
    action: 'push',
    target: {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest,
      size: 1_234,
      length: 1_234,
      repository,
      url: `https://${host}/v2/${repository}/manifests/${digest}`,
      tag: `1.${turn}`,
    },
    request: {
      id: `request-${turn}`,
      addr: '192.0.2.10:41234',
      host,
      method: 'PUT',
      useragent: 'docker/28.0.0 go/go1.24',
    },
    actor: { name: 'ci' },
    source: { addr: `${host}:5000`, instanceID: 'a53db899-3b4b-4a62-a067-8dd013beaca4' },
  };
  return JSON.stringify({ events: [event] });
}

interface LoadShape {
  connections: number;
  forMs: number;
  /** Webhooks per second; Infinity sends the next one as soon as the last one is answered. */
  rate: number;
  /** Number of the first webhook: no two loads may send the same. */
  firstTurn: number;
}

/** Keeps `connections` connections busy, each with one webhook after the other. */
async function load(url: string, { connections, forMs, rate, firstTurn }: LoadShape): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const result: Load = { latencyUs: createHistogram(), accepted: 0, refused: 0, seconds: 0 };
  const began = performance.now();
  await rateOf(connections, forMs, async (turn) => {
    // Timed from its due time, or a stall would hide the webhooks that it delayed.
    const due = Math.max(began + (turn / rate) * 1_000, rate === Infinity ? performance.now() : 0);
    const waitMs = due - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    const status = await post(url, agent, pushBody(firstTurn + turn)).catch(() => 0);
    result.latencyUs.record(Math.max(1, Math.round((performance.now() - due) * 1_000)));
    if (status === 202) result.accepted += 1;
    else result.refused += 1;
  });
  result.seconds = (performance.now() - began) / 1_000;
  agent.destroy();
  return result;
}

async function post(url: string, agent: Agent, body: string): Promise<number> {
  const headers = {
    authorization: `Bearer ${secret}`,
    'content-type': 'application/vnd.docker.distribution.events.v1+json',
    'content-length': Buffer.byteLength(body),
  };
  const sent = request(`${url}/hooks/registry/main`, { method: 'POST', agent, headers });
  sent.end(body);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  sent.on('error', reject);
  sent.on('response', (answer) => {
    answer.resume();
    answer.on('end', () => resolve(answer.statusCode ?? 0));
  });
  return promise;
}

/** Resident memory of the service, in MiB. */
async function residentMiB(url: string): Promise<number> {
  const metrics = await fetch(`${url}/metrics`).then(async (answer) => answer.text());
  return Number(/^process_resident_memory_bytes\S* (\S+)$/m.exec(metrics)?.[1]) / 2 ** 20;
}

/** Prints the service's memory every minute, until stopped. */
async function watchMemory(url: string, signal: AbortSignal): Promise<void> {
  for (let minute = 1; !signal.aborted; minute += 1) {
    await sleep(60_000, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) report(`  memory after ${minute} min`, await residentMiB(url), ' MiB');
  }
}

/** Counts the rows in the database, and the published share. */
async function reportRows(databaseUrl: string, expected: number): Promise<boolean> {
  const database = await connect({ url: new Secret(databaseUrl), poolSize: 2, name: 'bench' });
  const [rows] = await database.query(
    `SELECT (SELECT count(*) FROM push)::int AS stored, count(*)::int AS events, count(published_at)::int AS published FROM outbox`,
  );
  await database.destroy();
  report('rows stored, of those answered with 202', rows.stored - expected, ' off');
  report('events published by the end of the load', (100 * rows.published) / rows.events, ' %');
  return rows.stored === expected;
}

async function startIngest(environment: Record<string, string>): Promise<{ url: string; child: ChildProcess }> {
  // Its log is discarded, but it is written.
  const child = fork(import.meta.filename, [], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [url] = (await once(child, 'message')) as [string];
  return { url, child };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string' },
      minutes: { type: 'string' },
      connections: { type: 'string' },
      rate: { type: 'string' },
    },
  });
  const connections = Number(values.connections ?? 32);
  const forMs = values.minutes ? Number(values.minutes) * 60_000 : Number(values.seconds ?? 15) * 1_000;
  const rate = Number(values.rate ?? Infinity);
  report('load average of the machine before', loadavg()[0] ?? 0, '');

  const servers = await throwAwayServers({ postgres: true, nats: true }, { fsync: true });
  const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-bench-'));
  await writeFile(join(folder, 'tidewaiter.yaml'), settings);
  const databaseUrl = await servers.postgres.createDatabase();
  await measureCeilings(await servers.postgres.createDatabase(), servers.nats.url);
  const { url, child } = await startIngest({
    TIDEWAITER_DATABASE_URL: databaseUrl,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_CONFIG: join(folder, 'tidewaiter.yaml'),
  });

  const warmUp = await load(url, { connections, rate, forMs: warmUpMs, firstTurn: 0 });
  const memoryBefore = await residentMiB(url);
  const watching = new AbortController();
  const watched = watchMemory(url, watching.signal);
  const measured = await load(url, { connections, rate, forMs, firstTurn: 1e9 });
  watching.abort();
  await watched;
  report(`durable webhooks, ${connections} connections`, measured.accepted / measured.seconds, '/s');
  for (const percentile of [50, 95, 99])
    report(`  p${percentile}`, measured.latencyUs.percentile(percentile) / 1_000, ' ms');
  report('  answers that are not 2xx', measured.refused, '');
  report('memory of the service before', memoryBefore, ' MiB');
  report('memory of the service after', await residentMiB(url), ' MiB');
  const isComplete = await reportRows(databaseUrl, warmUp.accepted + measured.accepted);

  child.disconnect();
  await once(child, 'exit');
  await servers.stop();
  await rm(folder, { recursive: true });
  if (!isComplete || measured.refused > 0) process.exitCode = 1;
}

/** Service under test, in a process of its own; ends when the parent disconnects. */
async function serve(): Promise<void> {
  const service = await start(process.env);
  process.once('disconnect', () => void service.stop());
  process.send?.(service.url);
}

await (process.send ? serve() : main());
