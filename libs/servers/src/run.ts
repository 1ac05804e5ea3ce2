import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';

import { TidewaiterError } from '@tidewaiter/domain';

import { startTicks } from './identity.js';

/** Addresses of the three servers, with user and password. */
export interface ServerUrls {
  nats: string;
  redis: string;
  database: string;
}

export interface ProcessInfo {
  name: string;
  pid: number;
  /** Null for a process that listens nowhere. */
  port: number | null;
}

/** State of one `up`, for the other commands. */
export interface Run {
  /** Folder of the run, links resolved, to detect a copied folder that brings this file along. */
  dir: string;
  pid: number;
  /** Identifies the process together with its pid. */
  startTicks: string;
  /** ISO 8601. */
  startedAt: string;
  /** Whether every service takes requests. */
  ready: boolean;
  urls: ServerUrls | null;
  /** URL of its console. */
  consoleUrl: string | null;
  /** Servers and extra workers. */
  processes: ProcessInfo[];
  /** `healthUrl`: where `/readyz` is. */
  services: { name: string; url: string; healthUrl: string }[];
  /** Messages for the user, such as a link that is shown only once. */
  notices: string[];
}

/** The right to run in one folder, held until released or until this process is gone. */
export interface ClaimedRun {
  update(change: Partial<Run>): Promise<void>;
  release(): Promise<void>;
}

const fileOf = (dir: string): string => join(dir, 'run.json');

/**
 * Claims `dir` for this process.
 * @throws TidewaiterError `ALREADY_RUNNING`, naming the pid
 */
export async function claimRun(dir: string, startedAt: Date): Promise<ClaimedRun> {
  await mkdir(dir, { recursive: true });
  const lock = await takeLock(dir);
  let run: Run = {
    dir: await realpath(dir),
    pid: process.pid,
    startTicks: (await startTicks(process.pid)) ?? '',
    startedAt: startedAt.toISOString(),
    ready: false,
    urls: null,
    consoleUrl: null,
    processes: [],
    services: [],
    notices: [],
  };
  const write = async (): Promise<void> => {
    // Mode 0600, as it holds passwords; renamed into place, so that a reader never sees half of it.
    await writeFile(`${fileOf(dir)}.new`, `${JSON.stringify(run, null, 2)}\n`, { mode: 0o600 });
    await rename(`${fileOf(dir)}.new`, fileOf(dir));
  };
  await write();
  return {
    async update(change) {
      run = { ...run, ...change };
      await write();
    },
    async release() {
      await rm(fileOf(dir), { force: true });
      await lock[Symbol.asyncDispose]();
    },
  };
}

/**
 * Returns the `up` that runs in `dir`; undefined without one, even if a killed one left its file.
 */
export async function currentRun(dir: string): Promise<Run | undefined> {
  const text = await readFile(fileOf(dir), 'utf8').catch(() => undefined);
  if (!text) return undefined;
  const run = JSON.parse(text) as Run;
  if (run.dir !== (await realpath(dir))) return undefined;
  return (await startTicks(run.pid)) === run.startTicks ? run : undefined;
}

/** Error `ALREADY_RUNNING`; `pid` is undefined while the other `up` has not written it yet. */
export function alreadyRuns(dir: string, pid: number | undefined, cause?: unknown): TidewaiterError {
  const who =
    pid === undefined ? 'another `tidewaiter up` is starting' : `\`tidewaiter up\` runs already as process ${pid}`;
  return new TidewaiterError('ALREADY_RUNNING', `${who} in ${dir}`, { cause });
}

/**
 * Takes a name in the kernel's abstract socket namespace as a lock. Unlike a lock file it cannot go
 * stale: the kernel frees it when its process ends. @see unix(7), "abstract"
 */
async function takeLock(dir: string): Promise<Server> {
  const name = createHash('sha256')
    .update(await realpath(dir))
    .digest('hex');
  const lock = createServer((socket) => socket.destroy()).listen(`\0tidewaiter-${name}`);
  try {
    await once(lock, 'listening');
  } catch (cause) {
    throw alreadyRuns(dir, (await currentRun(dir))?.pid, cause);
  }
  lock.unref();
  return lock;
}
