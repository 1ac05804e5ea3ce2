/** The platform as separate processes on real servers, behind proxies that can be made to fail. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { connect } from '@nats-io/transport-node';
import { registryPushed } from '@tidewaiter/events';
import type { FailpointName } from '@tidewaiter/runtime';
import { freePort } from '@tidewaiter/servers';
import {
  type HttpSink,
  httpSink,
  type MailSink,
  mailSink,
  slackSink,
  type SlackSink,
  startRegistry,
  type TestRegistry,
  throwAwayServers,
  type ThrowAwayServers,
} from '@tidewaiter/testkit';
import { Client, Pool } from 'pg';

import { mountDisk, unmountDisk } from './disk.ts';
import { type OddSources, startOddSources } from './odd-sources.ts';
import type { SeededRandom } from './random.ts';
import { routing, rules, secret, settings } from './rig-files.ts';
import { instances, type ProxyLink, links, servers, serviceOf } from './schedule.ts';
import { type TcpProxy, tcpProxy } from './tcp-proxy.ts';

const root = resolve(import.meta.dirname, '../..');
const restartAfterMs = 100;
/** Time limit for the start of a process on a slow machine. */
const startWithinMs = 90_000;
/** Time until an armed process that is not ready counts as one that hangs. */
const armedWithinMs = 20_000;

interface Instance {
  name: string;
  port: number;
  child: ChildProcess | null;
  log: string;
  /** The fault that ends it, if one is about to. */
  awaits: 'failpoint' | null;
  /** Started again when it ends, as an orchestrator does. */
  isKept: boolean;
}

export interface FaultyPlatformOptions {
  /** Folder for logs. */
  folder: string;
  random: SeededRandom;
}

export class FaultyPlatform {
  readonly proxies: Record<ProxyLink, TcpProxy>;
  readonly instances = new Map<string, Instance>();
  /** Processes that ended although no fault ended them, with the end of their log. */
  crashes: string[] = [];
  /** Failpoints at which a process has killed itself. */
  readonly killedAt = new Set<string>();

  readonly servers: ThrowAwayServers<{ postgres: true; nats: true; redis: true }>;
  readonly registry: TestRegistry;
  readonly live: TestRegistry;
  readonly sink: HttpSink;
  readonly slack: SlackSink;
  readonly mail: MailSink;
  readonly odd: OddSources;
  /** Folder of the servers, whose size can be changed; null without the right to mount. */
  readonly disk: string | null;
  readonly visitedFile: string;
  apiToken = '';
  readonly #serversFolder: string;
  readonly #home: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #admin: Pool;
  #isOver = false;

  private constructor(parts: {
    proxies: Record<ProxyLink, TcpProxy>;
    servers: FaultyPlatform['servers'];
    registry: TestRegistry;
    live: TestRegistry;
    sink: HttpSink;
    slack: SlackSink;
    mail: MailSink;
    odd: OddSources;
    disk: string | null;
    serversFolder: string;
    home: string;
    environment: NodeJS.ProcessEnv;
    adminUrl: string;
    ports: Map<string, number>;
    folder: string;
  }) {
    this.proxies = parts.proxies;
    this.servers = parts.servers;
    this.registry = parts.registry;
    this.live = parts.live;
    this.sink = parts.sink;
    this.slack = parts.slack;
    this.mail = parts.mail;
    this.odd = parts.odd;
    this.disk = parts.disk;
    this.#serversFolder = parts.serversFolder;
    this.#home = parts.home;
    this.#environment = parts.environment;
    this.#admin = new Pool({ connectionString: parts.adminUrl, max: 4 });
    // The next statement takes another connection.
    this.#admin.on('error', () => undefined);
    this.visitedFile = parts.environment['TIDEWAITER_FAILPOINT_LOG']!;
    for (const [name, port] of parts.ports) {
      const log = join(parts.folder, `${name}.log`);
      this.instances.set(name, { name, port, child: null, log, awaits: null, isKept: false });
    }
  }

  static async start({ folder, random }: FaultyPlatformOptions): Promise<FaultyPlatform> {
    mkdirSync(folder, { recursive: true });
    const ports = new Map<string, number>();
    for (const name of instances) ports.set(name, await freePort());
    const serversFolder = await mkdtemp(join(tmpdir(), 'tidewaiter-faults-'));
    chmodSync(serversFolder, 0o711);
    const disk = mountDisk(serversFolder) ? serversFolder : null;
    const some = await throwAwayServers({ postgres: true, nats: true, redis: true }, { within: serversFolder });
    const notify = {
      url: `http://127.0.0.1:${ports.get('ingest-1')}/hooks/registry/live`,
      headers: { Authorization: `Bearer ${secret}` },
    };
    const [registry, live, slack, mail, odd] = await Promise.all([
      ...([startRegistry(), startRegistry({ notify }), slackSink(), mailSink(), startOddSources()] as const),
    ]);
    const tried = new Set<unknown>();
    const sink = await httpSink(({ headers, path }) => {
      const id = headers['webhook-id'];
      const isFirst = !tried.has(id);
      tried.add(id);
      if (path === '/refusing') return { status: isFirst ? 410 : 200 };
      return isFirst && random.fraction() < 0.02 ? { status: 503 } : { status: 200 };
    });
    const { url: databaseUrl, adminUrl } = await ownDatabase(await some.postgres.createDatabase('template1'));
    const proxies = {} as Record<ProxyLink, TcpProxy>;
    for (const name of servers) proxies[name] = await tcpProxy(some[name].port);
    proxies.registry = await tcpProxy(Number(new URL(registry.url).port));
    const behind = (url: string, link: ProxyLink) =>
      Object.assign(new URL(url), { port: String(proxies[link].port) }).href;
    const home = await mkdtemp(join(tmpdir(), 'tidewaiter-faults-home-'));
    chmodSync(home, 0o711);
    mkdirSync(join(home, 'rules'));
    writeFileSync(join(home, 'rules', 'rig.yml'), rules);
    writeFileSync(join(home, 'tidewaiter.yaml'), settings(behind(registry.url, 'registry'), live.url, odd.url));
    writeFileSync(join(home, 'routing.yaml'), routing(sink.url, slack.apiUrl, mail.port));
    const environment = {
      ...process.env,
      // On the disk that is filled, as on a small machine.
      TIDEWAITER_SPOOL_DIR: join(serversFolder, 'spool'),
      TIDEWAITER_HOME: home,
      TIDEWAITER_CONFIG: join(home, 'tidewaiter.yaml'),
      TIDEWAITER_ROUTING: join(home, 'routing.yaml'),
      TIDEWAITER_RULES: join(home, 'rules'),
      TIDEWAITER_DATABASE_URL: behind(databaseUrl, 'postgres'),
      TIDEWAITER_NATS_URL: behind(some.nats.url, 'nats'),
      TIDEWAITER_REDIS_URL: behind(some.redis.url, 'redis'),
      TIDEWAITER_FINGERPRINT_KEY: randomBytes(32).toString('hex'),
      TIDEWAITER_ADVISORIES_URL: `${odd.url}/bucket`,
      TIDEWAITER_ADVISORIES_ECOSYSTEMS: 'npm',
      TIDEWAITER_FAILPOINT_LOG: join(folder, 'visited'),
    };
    writeFileSync(environment.TIDEWAITER_FAILPOINT_LOG, '');
    const platform = new FaultyPlatform({
      ...{
        proxies,
        servers: some,
        registry,
        live,
        sink,
        slack,
        mail,
        odd,
        disk,
        serversFolder,
        home,
        environment,
        adminUrl,
        ports,
        folder,
      },
    });
    await Promise.all(instances.map(async (name) => platform.run(name)));
    const make = [...program(), 'tokens', 'create', 'rig', '--role', 'responder'];
    // Not blocking: the proxies are in this process.
    platform.apiToken = (await promisify(execFile)(process.execPath, make, { env: environment })).stdout.trim();
    return platform;
  }

  get ingestUrl(): string {
    return `http://127.0.0.1:${this.instances.get('ingest-1')!.port}`;
  }

  /** Starts a process, and again whenever it ends. */
  async run(name: string, more: NodeJS.ProcessEnv = {}): Promise<void> {
    const instance = this.instances.get(name)!;
    if (this.#isOver) return;
    instance.isKept = true;
    this.#spawn(instance, more);
    await this.ready(name);
  }

  /** Waits until a process answers that it is ready; another fault may prevent that. */
  async ready(name: string, withinMs = startWithinMs): Promise<boolean> {
    const deadline = Date.now() + withinMs;
    while (!this.#isOver && Date.now() < deadline) {
      if ((await this.readiness(name)) === '') return true;
      await sleep(50);
    }
    return false;
  }

  /** Reason why a process is not ready; empty when it is. */
  async readiness(name: string): Promise<string> {
    const { port } = this.instances.get(name)!;
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(5_000) });
      const text = await answer.text();
      return answer.ok ? '' : text;
    } catch (error) {
      return `no answer: ${error instanceof Error ? error.name : 'failed'}`;
    }
  }

  /** SIGKILL; it is started again. */
  async kill(name: string, more: NodeJS.ProcessEnv = {}): Promise<void> {
    await this.#end(name, 'SIGKILL');
    await this.run(name, more);
  }

  /** SIGTERM, as an upgrade does; it is started again. */
  async restart(name: string, more: NodeJS.ProcessEnv = {}): Promise<void> {
    await this.#end(name, 'SIGTERM');
    await this.run(name, more);
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.instances.get(name)!.child?.kill(signal);
  }

  /** Arms a failpoint in a fresh process, and says whether that process has ended by itself. */
  async arm(name: string, failpoint: string): Promise<() => boolean> {
    await this.#end(name, 'SIGTERM');
    const instance = this.instances.get(name)!;
    instance.isKept = true;
    const child = this.#spawn(instance, { TIDEWAITER_FAILPOINT: failpoint });
    instance.awaits = 'failpoint';
    child.once('exit', (_code, signal) => {
      if (signal === 'SIGKILL' && instance.awaits === 'failpoint') this.killedAt.add(failpoint.split(':')[0]!);
    });
    // Its start may already visit the point, which ends it, or makes it hang before it is ready.
    await Promise.race([this.ready(name, armedWithinMs), once(child, 'exit')]);
    return () => hasEnded(child);
  }

  async query<Row extends object>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    for (let tries = 0; ; tries += 1) {
      try {
        return (await this.#admin.query<Row>(sql, parameters)).rows;
      } catch (error) {
        const { code = '' } = error as { code?: string };
        if (tries > 200 || /^(?:42|22)/.test(code)) throw error;
        await sleep(100);
      }
    }
  }

  /** Queues a job of the platform's own clock, for the sweeper, as one that Redis has lost. */
  async queue(queue: string, key: string): Promise<void> {
    await this.query(
      `INSERT INTO job (id, queue, key, class, swept_at) VALUES (gen_random_uuid(), $1, $2, 'bulk', now() - interval '1 minute')
       ON CONFLICT DO NOTHING`,
      [queue, key],
    );
  }

  /**
   * Compares the registry without webhooks, whose tags are imported the first time and are news
   * from then on. In every copy of PostgreSQL that a schedule makes, that is over.
   */
  async compareFirst(): Promise<void> {
    const isCompared = `SELECT 1 FROM job WHERE queue = 'reconcile' AND state = 'done' LIMIT 1`;
    while (!this.#isOver && (await this.query(isCompared)).length === 0) {
      await this.queue('reconcile', 'odd');
      await sleep(200);
    }
  }

  /** Publishes a message on the bus that is no event. */
  async publishGarbage(): Promise<void> {
    const { host, username: user, password: pass } = new URL(this.servers.nats.url);
    // Another fault may have the server away for a while.
    const connection = await connect({ servers: host, user, pass, waitOnFirstConnect: true, maxReconnectAttempts: -1 });
    connection.publish(registryPushed.channel, 'no event');
    await connection.drain();
  }

  /** Ends the connections of the services, so that a new setting holds for them. */
  async disconnect(): Promise<void> {
    await this.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rig' AND pid <> pg_backend_pid()`,
    );
  }

  /**
   * Starts servers again that have ended, as an orchestrator does: PostgreSQL does not outlive a
   * checkpoint for which its disk has no room.
   */
  async reviveServers(): Promise<void> {
    // It may just be about to end.
    const answered = this.query('SELECT 1').then(() => true);
    while (!(await Promise.race([answered, sleep(100, false)]))) {
      for (const name of servers) if (this.servers[name].hasEnded) await this.servers[name].restart();
    }
  }

  /** Replaces PostgreSQL by a copy of itself from `ms` ago; false where its data is not found. */
  async restoreAfter(ms: number): Promise<boolean> {
    const [data] = globSync(join(this.#serversFolder, 'tidewaiter-test-*', 'postgres'));
    if (data === undefined) return false;
    const { postgres } = this.servers;
    await postgres.kill();
    // Its backends outlive it for a moment, and write.
    while (isWorkedIn(data)) await sleep(50);
    execFileSync('cp', ['--archive', data, `${data}.copy`]);
    await postgres.restart();
    await sleep(ms);
    await postgres.kill();
    while (isWorkedIn(data)) await sleep(50);
    await rm(data, { recursive: true, maxRetries: 10 });
    execFileSync('mv', [`${data}.copy`, data]);
    await postgres.restart();
    return true;
  }

  /** Counters above zero of things that were dropped, over all processes. */
  async drops(): Promise<{ metric: string; value: number }[]> {
    const found: { metric: string; value: number }[] = [];
    for (const { port } of this.instances.values()) {
      const text = await fetch(`http://127.0.0.1:${port}/metrics`).then(
        async (answer) => answer.text(),
        () => '',
      );
      for (const line of text.split('\n')) {
        const [metric = '', value = '0'] = line.split(' ');
        if (/^tidewaiter_\w*(?:dropped|lost)\w*_total/.test(metric) && Number(value) > 0)
          found.push({ metric, value: Number(value) });
      }
    }
    return found;
  }

  /** Memory in KiB of each process that runs. */
  memory(): Map<string, number> {
    const found = new Map<string, number>();
    for (const { name, child } of this.instances.values()) {
      const status = child?.pid === undefined ? '' : readText(`/proc/${child.pid}/status`);
      found.set(name, Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0));
    }
    return found;
  }

  /** Runs a command of the program. */
  async command(...args: string[]): Promise<void> {
    const { code, text } = await this.#runCommand(args, {});
    if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${text}`);
  }

  /** Runs a command that is killed at a failpoint. */
  async killCommand(failpoint: FailpointName, ...args: string[]): Promise<void> {
    const { signal } = await this.#runCommand(args, { TIDEWAITER_FAILPOINT: `${failpoint}:kill` });
    if (signal === 'SIGKILL') this.killedAt.add(failpoint);
  }

  visited(): Set<string> {
    return new Set(readText(this.visitedFile).split('\n').filter(Boolean));
  }

  async stop(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await Promise.all([...this.instances.keys()].map(async (name) => this.#end(name, 'SIGKILL')));
    await this.#admin.end().catch(() => undefined);
    await Promise.all(links.map(async (link) => this.proxies[link].stop()));
    await Promise.all([
      this.registry.stop(),
      this.live.stop(),
      this.sink.stop(),
      this.slack.stop(),
      this.mail.stop(),
      this.odd.stop(),
      this.servers.stop(),
    ]);
    await rm(this.#home, { recursive: true, force: true });
    if (this.disk !== null) unmountDisk(this.disk);
    await rm(this.#serversFolder, { recursive: true, force: true });
  }

  async #runCommand(args: readonly string[], more: NodeJS.ProcessEnv) {
    const env = { ...this.#environment, ...more };
    const child = spawn(process.execPath, [...program(), ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    return { code, signal, text };
  }

  #spawn(instance: Instance, more: NodeJS.ProcessEnv): ChildProcess {
    const log = openSync(instance.log, 'a');
    const env = { ...this.#environment, ...more, TIDEWAITER_HTTP_PORT: String(instance.port) };
    const child = spawn(process.execPath, [...program(), 'service', serviceOf(instance.name)], {
      env,
      stdio: ['ignore', log, log],
    });
    instance.child = child;
    instance.awaits = null;
    child.once('exit', (code, signal) => {
      if (!instance.isKept || instance.child !== child) return;
      if (instance.awaits === null)
        this.crashes.push(`${instance.name} (${signal ?? code}):\n${readText(instance.log).slice(-1_500)}`);
      void sleep(restartAfterMs).then(() => instance.isKept && instance.child === child && this.#spawn(instance, {}));
    });
    return child;
  }

  async #end(name: string, signal: NodeJS.Signals): Promise<void> {
    const instance = this.instances.get(name)!;
    instance.isKept = false;
    // This end is not that of its failpoint.
    instance.awaits = null;
    const { child } = instance;
    if (child === null || hasEnded(child)) return;
    child.kill(signal);
    child.kill('SIGCONT');
    const insist = setTimeout(() => child.kill('SIGKILL'), 20_000);
    if (!hasEnded(child)) await once(child, 'exit');
    clearTimeout(insist);
  }
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

/** The bundle, which starts faster, where it is current. */
function program(): string[] {
  const bundle = join(root, 'cli/dist/bundle/main.js');
  return [
    '--max-semi-space-size=4',
    '--initial-old-space-size=32',
    '--heap-growing-percent=50',
    existsSync(bundle) ? bundle : join(root, 'cli/dist/main.js'),
  ];
}

/** Gives a database to a user whose rights can be limited, unlike those of a superuser. */
async function ownDatabase(adminUrl: string): Promise<{ url: string; adminUrl: string }> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  const password = randomBytes(12).toString('hex');
  const database = new URL(adminUrl).pathname.slice(1);
  await client.query(`CREATE ROLE rig LOGIN PASSWORD '${password}'`);
  await client.query(`ALTER DATABASE ${database} OWNER TO rig`);
  await client.query('ALTER SCHEMA public OWNER TO rig');
  await client.end();
  return { adminUrl, url: Object.assign(new URL(adminUrl), { username: 'rig', password }).href };
}

/** Whether a process has the folder as its working directory. */
function isWorkedIn(folder: string): boolean {
  const path = realpathSync(folder);
  return globSync('/proc/[0-9]*/cwd').some((link) => {
    try {
      return readlinkSync(link) === path;
    } catch {
      return false;
    }
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
