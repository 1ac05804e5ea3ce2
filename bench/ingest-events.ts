/**
 * Runtime events per second that ingest accepts, with the spool on disk and without it, in turns.
 * An event counts when its request is answered with 202; at the end the stream must have all of
 * them. See README.md.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHistogram, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { jetstreamManager } from '@nats-io/jetstream';
import { Bus } from '@tidewaiter/bus';
import { Secret } from '@tidewaiter/domain';
import { runtimeStream } from '@tidewaiter/events';
import { start } from '@tidewaiter/ingest';
import { throwAwayServers } from '@tidewaiter/testkit';

import { rateOf } from './ceilings.ts';

const settings =
  'sensors: [{ name: nodes, kind: tetragon, cluster: eu1, allowUnauthenticated: true, silentAfter: never }]\n';

interface Run {
  eventsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  cpuUsPerEvent: number;
  refused: number;
  /** Time until the stream had everything, after the last answer. */
  behindMs: number;
}

let serial = 0;

/** Body of one request of Tetragon: `events` processes of one node. */
function body(events: number, node: number): string {
  return Array.from({ length: events }, () => {
    serial += 1;
    const process = {
      exec_id: `bench-${serial}`,
      pid: 1_000 + serial,
      uid: 0,
      cwd: '/app',
      binary: '/usr/bin/python3',
      arguments: `/app/worker.py --job ${serial}`,
      start_time: '2026-01-02T03:04:05.123456789Z',
      docker: 'abcdef0123456789abcdef012345678',
      pod: { namespace: 'shop', name: 'web-7d4b9c6f5-x2x9z', container: { id: 'containerd://abcdef', name: 'web' } },
    };
    return JSON.stringify({
      process_exec: { process, parent: { ...process, exec_id: 'parent' } },
      node_name: `node-${node}`,
      time: '2026-01-02T03:04:05.123456789Z',
    });
  }).join('\n');
}

async function post(url: string, agent: Agent, text: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const sent = request(`${url}/hooks/runtime/nodes`, { method: 'POST', agent });
  sent.on('error', reject).on('response', (answer) => {
    answer.resume();
    answer.on('end', () => resolve(answer.statusCode ?? 0));
  });
  sent.end(text);
  return promise;
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    pairs: { type: 'string', default: '3' },
    connections: { type: 'string', default: '16' },
    events: { type: 'string', default: '50' },
  },
});
const [seconds, pairs, connections, perRequest] = [values.seconds, values.pairs, values.connections, values.events].map(
  Number,
) as [number, number, number, number];

const servers = await throwAwayServers({ postgres: true, nats: true });
const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-bench-'));
await writeFile(join(folder, 'tidewaiter.yaml'), settings);
const bus = await Bus.connect('bench', { natsUrl: new Secret(servers.nats.url) });
const { streams } = await jetstreamManager(bus.connection);

async function run(databaseUrl: string, spool: string | undefined): Promise<Run> {
  await streams.purge(runtimeStream);
  const ingest = await start({
    TIDEWAITER_DATABASE_URL: databaseUrl,
    TIDEWAITER_NATS_URL: servers.nats.url,
    TIDEWAITER_HTTP_PORT: '0',
    TIDEWAITER_LOG_LEVEL: 'silent',
    TIDEWAITER_HOOK_RATE: '10000000',
    TIDEWAITER_CONFIG: join(folder, 'tidewaiter.yaml'),
    ...(spool && { TIDEWAITER_SPOOL_DIR: spool }),
  });
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latencyUs = createHistogram();
  let [accepted, refused] = [0, 0];
  // The sender runs in this process, too: its share is the same in both.
  await rateOf(connections, 2_000, async (turn) => void (await post(ingest.url, agent, body(perRequest, turn % 8))));
  await sleep(1_000);
  const { last_seq: firstSequence } = (await streams.info(runtimeStream)).state;
  const cpu = process.cpuUsage();
  const began = performance.now();
  await rateOf(connections, seconds * 1_000, async (turn) => {
    const due = performance.now();
    const status = await post(ingest.url, agent, body(perRequest, turn % 8));
    latencyUs.record(Math.max(1, Math.round((performance.now() - due) * 1_000)));
    if (status === 202) accepted += 1;
    else refused += 1;
  });
  const ended = performance.now();
  const used = process.cpuUsage(cpu);
  while ((await streams.info(runtimeStream)).state.last_seq - firstSequence < accepted) await sleep(20);
  const behindMs = performance.now() - ended;
  agent.destroy();
  await ingest.stop();
  return {
    eventsPerSecond: (accepted * perRequest) / ((ended - began) / 1_000),
    p50Ms: latencyUs.percentile(50) / 1_000,
    p99Ms: latencyUs.percentile(99) / 1_000,
    cpuUsPerEvent: (used.user + used.system) / (accepted * perRequest),
    refused,
    behindMs,
  };
}

const databaseUrl = await servers.postgres.createDatabase();
const runs: Record<'without' | 'with', Run[]> = { without: [], with: [] };
for (let pair = 0; pair < pairs; pair += 1) {
  runs.without.push(await run(databaseUrl, undefined));
  runs.with.push(await run(databaseUrl, join(folder, `spool-${pair}`)));
  const [before, after] = [runs.without.at(-1)!, runs.with.at(-1)!];
  process.stdout.write(
    `pair ${pair + 1}: ${lineOf(before)} | spool: ${lineOf(after)} | load ${loadavg()[0]!.toFixed(1)}\n`,
  );
}
const ratios = runs.with.map((each, index) => each.eventsPerSecond / runs.without[index]!.eventsPerSecond);
process.stdout.write(`accepted with the spool, of that without: median ${(median(ratios) * 100).toFixed(0)} %\n`);
await bus.onApplicationShutdown();
await servers.stop();
await rm(folder, { recursive: true });
if ([...runs.with, ...runs.without].some(({ refused }) => refused > 0)) process.exitCode = 1;

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;
}

function lineOf({ eventsPerSecond, p50Ms, p99Ms, cpuUsPerEvent, refused, behindMs }: Run): string {
  const latency = `p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, behind ${behindMs.toFixed(0)} ms`;
  return `${eventsPerSecond.toFixed(0)}/s, ${latency}, ${cpuUsPerEvent.toFixed(1)} us CPU, refused ${refused}`;
}
