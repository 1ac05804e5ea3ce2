/**
 * The console as a service, asked over HTTP: search, pages of an image and of a blast radius,
 * exports, and clients of the event stream.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { ApiTokens, Incidents, type Store } from '@tidewaiter/store';
import { minerIncident, uuidOf } from '@tidewaiter/testkit';

import { bases, digestOf, repositories } from './blast-fleet.ts';
import { report } from './ceilings.ts';

interface Servers {
  databaseUrl: string;
  natsUrl: string;
}

const clients = 200;
const targets = {
  searchMs: 200,
  pageMs: 300,
  rowsPerSecond: 20_000,
  growthMegabytes: 50,
  idleCore: 0.15,
  eventMs: 1_000,
};
/** Pages of each kind, for each turn. */
const pages: Record<string, { targetMs: number; path: (turn: number, images: number) => string }> = {
  'search of a CVE': { targetMs: targets.searchMs, path: (turn) => `search?q=CVE-2025-${turn}` },
  'search of a package': { targetMs: targets.searchMs, path: (turn) => `search?q=app-${turn * 37}` },
  'search of a repository': { targetMs: targets.searchMs, path: (turn) => `search?q=team/app-${turn % repositories}` },
  'search of a workload': { targetMs: targets.searchMs, path: (turn) => `search?q=app-${turn}` },
  'search of a digest': {
    targetMs: targets.searchMs,
    path: (turn) => `search?q=${digestOf('layer', `base ${turn % bases} 0`)}`,
  },
  image: { targetMs: targets.pageMs, path: (turn, images) => `images/${imageOf(turn, images)}` },
  'findings of an image': {
    targetMs: targets.pageMs,
    path: (turn, images) => `images/${imageOf(turn, images)}/findings`,
  },
  'packages of an image': {
    targetMs: targets.pageMs,
    path: (turn, images) => `images/${imageOf(turn, images)}/packages`,
  },
  'layers of an image': { targetMs: targets.pageMs, path: (turn, images) => `images/${imageOf(turn, images)}/layers` },
  'images that share layers': {
    targetMs: targets.pageMs,
    path: (turn, images) => `images/${imageOf(turn, images)}/related`,
  },
  vulnerability: { targetMs: targets.pageMs, path: (turn) => `vulnerabilities/CVE-2025-${turn * 2}` },
  'blast radius of a CVE': {
    targetMs: targets.pageMs,
    path: (turn) => `blast-radius?vulnerability=CVE-2025-${turn * 2}`,
  },
  'blast radius of a package': {
    targetMs: targets.pageMs,
    path: (turn) => `blast-radius?package=${encodeURIComponent(`openssl<3.0.${25 + (turn % 10)}`)}`,
  },
  'containers of a CVE': {
    targetMs: targets.pageMs,
    path: (turn) => `blast-radius/containers?vulnerability=CVE-2025-${turn * 2}`,
  },
};
const exported = ['pushes', 'images', 'vulnerabilities'];

const imageOf = (turn: number, images: number) => digestOf('image', (turn * 113 + 1) % images);

/** Starts a console over the databases, and measures what its pages ask for. */
export async function measureService(store: Store, servers: Servers, images: number, rounds: number): Promise<void> {
  const token = (await new ApiTokens(store).make('bench', 'responder', null)).reveal();
  await store.transaction((tx) =>
    new Incidents(store).apply(tx, [{ kind: 'opened', incident: minerIncident({ id: uuidOf('bench') }) }]),
  );
  const port = await freePort();
  const service = startConsole(servers, port);
  const client = new Client(`http://127.0.0.1:${port}/api/v1/`, token);
  try {
    await client.ready();
    for (const [name, { targetMs, path }] of Object.entries(pages))
      await measurePage(client, name, targetMs, rounds, (turn) => path(turn, images));
    for (const list of exported) await measureExport(client, store, service.pid!, list);
    await measureStream(client, service.pid!);
  } finally {
    service.kill();
  }
}

export class Client {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const answer = await fetch(`${this.#url}${path}`, { ...init, headers: { authorization: `Bearer ${this.#token}` } });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }

  async ready(): Promise<void> {
    for (const began = performance.now(); ; await sleep(200)) {
      try {
        await (await this.ask('me')).text();
        return;
      } catch (error) {
        if (performance.now() - began > 60_000) throw error;
      }
    }
  }
}

async function measurePage(
  client: Client,
  name: string,
  targetMs: number,
  rounds: number,
  path: (turn: number) => string,
): Promise<void> {
  const times: number[] = [];
  for (let turn = 1; turn <= rounds; turn += 1) {
    const began = performance.now();
    await (await client.ask(path(turn))).arrayBuffer();
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!;
  report(name, at(0.5), ' ms p50');
  check(at(0.95), ' ms p95', at(0.95) <= targetMs);
}

/** Measures exports of a list by one client, one after the other. */
export async function measureExport(
  client: Client,
  store: Store,
  pid: number,
  list: string,
  format = 'ndjson',
): Promise<void> {
  // The first one fills caches and lets the heap grow.
  await (await client.ask(`${list}/export?format=${format}`)).arrayBuffer();
  const before = megabytesOf(pid);
  let [peak, rows, bytes] = [before, 0, 0];
  const [cpu, databaseCpu] = [cpuSecondsOf(pid), await databaseSeconds(store)];
  const began = performance.now();
  // Several in a row: a list of some thousand rows is over before its rate can be measured.
  while (performance.now() - began < 5_000) {
    const { body } = await client.ask(`${list}/export?format=${format}`);
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      rows += newlinesOf(chunk);
      bytes += chunk.length;
      peak = Math.max(peak, megabytesOf(pid));
    }
  }
  const seconds = (performance.now() - began) / 1_000;
  const thousands = rows / 1_000;
  report(`export of ${list}, ${format}`, rows / seconds, ' rows/s');
  report('', bytes / 1e6 / seconds, ' MB/s');
  report('', (1_000 * (cpuSecondsOf(pid) - cpu)) / thousands, ' ms of a core in Node for 1,000 rows');
  report('', (1_000 * ((await databaseSeconds(store)) - databaseCpu)) / thousands, ' ms in PostgreSQL');
  check(rows / seconds, ' rows/s', rows / seconds >= targets.rowsPerSecond);
  check(peak - before, ' MB more than before', peak - before <= targets.growthMegabytes);
}

/** Seconds of a core that the connections of the console have used. */
async function databaseSeconds(store: Store): Promise<number> {
  const connections = await store.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE application_name = 'tidewaiter-console'`,
  );
  return connections.reduce((sum, { pid }) => sum + cpuSecondsOf(pid), 0);
}

function newlinesOf(chunk: Uint8Array): number {
  let count = 0;
  for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) count += 1;
  return count;
}

async function measureStream(client: Client, pid: number): Promise<void> {
  const closing = new AbortController();
  const arrived: number[] = [];
  await Promise.all(
    Array.from({ length: clients }, async () => {
      const { body } = await client.ask('stream', { signal: closing.signal });
      const events = (body as unknown as ReadableStream<Uint8Array>).getReader();
      await events.read();
      void (async () => {
        for (;;) {
          const { value, done } = await events.read();
          if (done) return;
          // Not that lists changed, for which the console looks every two seconds.
          if (Buffer.from(value).includes('event: incident.')) arrived.push(performance.now());
        }
      })().catch(() => undefined);
    }),
  );
  await sleep(5_000);
  const [cpu, began] = [cpuSecondsOf(pid), performance.now()];
  await sleep(30_000);
  const share = (cpuSecondsOf(pid) - cpu) / ((performance.now() - began) / 1_000);
  report(`${clients} clients of the stream`, share * 100, ' % of a core, idle');
  check(share * 100, ' %', share <= targets.idleCore);
  arrived.length = 0;
  const sent = performance.now();
  await (await client.ask(`incidents/${uuidOf('bench')}/acknowledge`, { method: 'POST' })).text();
  await sleep(3_000);
  const last = Math.max(...arrived) - sent;
  report(`an event at ${arrived.length} clients`, last, ' ms at the last');
  check(last, ' ms', arrived.length >= clients && last <= targets.eventMs);
  closing.abort();
}

function check(value: number, unit: string, isMet: boolean): void {
  report('', value, `${unit}${isMet ? '' : ', over the target'}`);
  if (!isMet) process.exitCode = 1;
}

export function startConsole({ databaseUrl, natsUrl }: Servers, port: number): ChildProcess {
  // The heap of a small container: a larger one grows to twice its contents, whatever is asked.
  const flags = ['--max-semi-space-size=8', '--max-old-space-size=160'];
  return spawn(process.execPath, [...flags, 'cli/dist/main.js', 'service', 'console'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      TIDEWAITER_DATABASE_URL: databaseUrl,
      TIDEWAITER_NATS_URL: natsUrl,
      TIDEWAITER_HTTP_PORT: String(port),
      TIDEWAITER_LOG_LEVEL: 'error',
    },
  });
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

/** Resident memory of a process. */
function megabytesOf(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib ?? 0) / 1_024;
}

/** Seconds of a processor that a process has used. */
export function cpuSecondsOf(pid: number): number {
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const fields = rest.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
