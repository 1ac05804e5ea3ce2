import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { currentRun } from '@tidewaiter/servers';

export const launcher = resolve(__dirname, '../tidewaiter');
const run = promisify(execFile);

/** The real program, started in a folder of its own as a user would. */
export interface Tidewaiter {
  home: string;
  ingestUrl: string;
  consoleUrl: string;
  /** The setup link, which opens a session in a browser, once. */
  setupUrl: string;
  /** Calls the API with a token. */
  api<Body>(path: string, init?: RequestInit): Promise<Body>;
  /** Parsed log, one object a line. */
  log(): Record<string, unknown>[];
  /** Runs a command of the launcher; returns its output. */
  command(...args: string[]): Promise<{ stdout: string; stderr: string }>;
  stop(): Promise<void>;
}

const folders: string[] = [];

/** A folder that {@link removeFolders} removes. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidewaiter-e2e-'));
  // PostgreSQL runs as another user when the tests run as root; if that user cannot enter the
  // folder, its data is stored elsewhere.
  chmodSync(folder, 0o711);
  folders.push(folder);
  return folder;
}

/** Last call of a test file's `afterAll`: processes in the folders must have ended. */
export async function removeFolders(): Promise<void> {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
}

/** Runs one command as a user does, in a home and working directory of its own. */
export async function runIn(
  home: string,
  ...args: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, HOME: home, XDG_CACHE_HOME: join(home, 'cache'), DOCKER_CONFIG: join(home, 'docker') };
  return new Promise((done) => {
    execFile(launcher, args, { env, cwd: home, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      done({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

/** A folder with a tidewaiter.yaml and a routing.yaml. */
export function makeHome(files: Record<string, string>): string {
  const home = temporaryFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text);
  return home;
}

/** Starts `./tidewaiter up`, with more arguments if given, and waits until it is ready. */
export async function startTidewaiter(home: string, ingestPort: number, ...more: string[]): Promise<Tidewaiter> {
  const environment = {
    ...process.env,
    TIDEWAITER_HOME: home,
    TIDEWAITER_LOG_LEVEL: 'info',
    // An import beside an `up` changes the local advisories, too: not those of the user.
    XDG_CACHE_HOME: join(home, 'cache'),
  };
  const up = spawn(launcher, ['up', '--port-ingest', String(ingestPort), '--port-console', '0', ...more], {
    env: environment,
  });
  const output = collect(up);
  const stateDir = join(home, '.tidewaiter');
  await until(
    'up is ready',
    async () => {
      if (up.exitCode !== null) throw new Error(`up ended: ${output()}`);
      return (await currentRun(stateDir))?.ready === true;
    },
    150_000,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${output()}`);
  });
  const { services, notices } = (await currentRun(stateDir))!;
  const urlOf = (name: string) => services.find((service) => service.name === name)!.url;
  const setupUrl = /http\S+#setup=\S+/.exec(notices.join(' '))?.[0] ?? '';
  const made = await run(launcher, ['tokens', 'create', 'bootstrap', '--role', 'maintainer'], { env: environment });
  const token = made.stdout.trim();
  const consoleUrl = urlOf('console');
  return {
    home,
    consoleUrl,
    setupUrl,
    ingestUrl: urlOf('ingest'),
    async api<Body>(path: string, init: RequestInit = {}) {
      const headers = { authorization: `Bearer ${token}`, ...(init.headers as Record<string, string> | undefined) };
      const answer = await fetch(`${consoleUrl}/api/v1${path}`, { ...init, headers });
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as Body;
    },
    log: () =>
      output()
        .split('\n')
        .filter((line) => line.startsWith('{"level":') && line.endsWith('}'))
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    command: (...args) => run(launcher, args, { env: environment }),
    async stop() {
      up.kill('SIGTERM');
      if (up.exitCode === null) await once(up, 'exit');
      // Each service has a role with few rights: a missing one must not pass for an outage.
      // Absent where the environment names another NATS.
      const logFile = join(stateDir, 'nats', 'nats.log');
      const natsLog = existsSync(logFile) ? readFileSync(logFile, 'utf8') : '';
      const denied = [
        ...(output().match(/permission denied for \w+ \w+/g) ?? []),
        ...(natsLog.match(/Violation - .*/g) ?? []),
      ];
      if (denied.length > 0) throw new Error(`a service lacks a right: ${[...new Set(denied)].join('; ')}`);
    },
  };
}

/** Collects the end of a child's output. */
export function collect(child: ChildProcess): () => string {
  let text = '';
  const add = (chunk: Buffer) => (text = `${text}${chunk.toString()}`.slice(-500_000));
  child.stdout?.on('data', add);
  child.stderr?.on('data', add);
  return () => text;
}

/** Waits long enough for a message that should not arrive. */
export async function quiet(): Promise<void> {
  await sleep(2_000);
}

/** Waits until a condition holds. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await sleep(50);
  }
}
