/**
 * Rig for the benches of the notifier: servers, the notifier as a program, and a publisher of
 * incidents.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { Bus } from '@tidewaiter/bus';
import { type Incident, Secret } from '@tidewaiter/domain';
import { createLogger } from '@tidewaiter/runtime';
import { connect, Incidents, OutboxRelay, Store } from '@tidewaiter/store';
import { minerIncident, throwAwayServers, type ThrowAwayServers, uuidOf } from '@tidewaiter/testkit';

export type Servers = ThrowAwayServers<{ postgres: true; nats: true; redis: true }>;

export interface Rig {
  servers: Servers;
  store: Store;
  /** Stores incidents and publishes them, as the detector does. */
  publish(incidents: readonly Incident[]): Promise<void>;
  /** @throws when it ends before it is ready */
  startNotifier(): Promise<Notifier>;
  stop(): Promise<void>;
}

/** The notifier in a process of its own. */
export class Notifier {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(child: ChildProcess) {
    this.#child = child;
    this.#ended = once(child, 'exit');
  }

  /** Whether it has ended, for whatever reason. */
  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get cpuSeconds(): number {
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** Resident memory now, and its peak. */
  get memoryMiB(): { now: number; peak: number } {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, 'utf8');
    const kib = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
    return { now: kib('VmRSS') / 1_024, peak: kib('VmHWM') / 1_024 };
  }

  /** Rejects when it ends before it is ready. */
  async ready(): Promise<void> {
    const early = this.#ended.then(() => {
      throw new Error('the notifier ended before it was ready');
    });
    await Promise.race([once(this.#child, 'message'), early]);
  }

  async stop(): Promise<void> {
    if (!this.hasEnded) this.#child.disconnect();
    await this.#ended;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

/**
 * Servers, and a notifier that reads this `routing.yaml` when it is started, and appends its log to
 * a file.
 */
export async function startRig(routing: string, logFile?: string): Promise<Rig> {
  const log = logFile === undefined ? 'ignore' : openSync(logFile, 'a');
  const servers = await throwAwayServers({ postgres: true, nats: true, redis: true }, { fsync: true });
  const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-bench-'));
  await writeFile(join(folder, 'routing.yaml'), routing);
  const databaseUrl = await servers.postgres.createDatabase();
  const dataSource = await connect({ url: new Secret(databaseUrl), poolSize: 4, name: 'bench' });
  const store = new Store(dataSource, 'detector');
  const incidents = new Incidents(store);
  const bus = await Bus.connect('detector', { natsUrl: new Secret(servers.nats.url) });
  const relay = new OutboxRelay(store, bus, createLogger('bench', 'fatal'));
  relay.onApplicationBootstrap();
  return {
    servers,
    store,
    async publish(some) {
      const changes = some.map((incident) => ({ kind: 'opened' as const, incident }));
      await store.transaction((tx) => incidents.apply(tx, changes));
    },
    async startNotifier() {
      const child = fork(fileURLToPath(new URL('served.ts', import.meta.url)), ['notifier'], {
        env: {
          ...process.env,
          TIDEWAITER_DATABASE_URL: databaseUrl,
          TIDEWAITER_NATS_URL: servers.nats.url,
          TIDEWAITER_REDIS_URL: servers.redis.url,
          TIDEWAITER_ROUTING: join(folder, 'routing.yaml'),
          TIDEWAITER_HTTP_PORT: '0',
        },
        execArgv: ['--max-semi-space-size=8'],
        // The notifier always writes its log; without a log file it is discarded.
        stdio: ['ignore', log, 'inherit', 'ipc'],
      });
      const notifier = new Notifier(child);
      await notifier.ready();
      return notifier;
    },
    async stop() {
      await relay.onApplicationShutdown();
      await bus.onApplicationShutdown();
      await dataSource.destroy();
      await servers.stop();
      await rm(folder, { recursive: true });
      if (log !== 'ignore') closeSync(log);
    },
  };
}

/** A separate incident in a separate image. Its title identifies the messages about it. */
export function incidentOf(name: string, more: Partial<Incident> = {}): Incident {
  const hash = createHash('sha256').update(name).digest('hex');
  return minerIncident({
    id: uuidOf(name),
    title: `Miner in ${name}`,
    openedBy: name,
    workload: `shop/Deployment/${name}`,
    imageDigest: `sha256:${hash}`,
    workloads: [],
    artifacts: [{ kind: 'sha256', value: hash }],
    ...more,
  });
}

/** A webhook receiver that stores nothing itself; `take` handles each request. */
export async function fastSink(
  take: (request: { path: string; id: string; body: string }, response: ServerResponse) => void,
): Promise<{ url: string; stop(): void }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      take({ path: request.url ?? '', id: String(request.headers['webhook-id']), body }, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

export async function until(isReached: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!(await isReached())) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}
