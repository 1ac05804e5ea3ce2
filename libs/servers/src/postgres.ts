import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  access,
  chmod,
  chown,
  lstat,
  mkdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { NotFound, TidewaiterError } from '@tidewaiter/domain';

import { stopLeftover } from './identity.js';
import type { Programs } from './programs.js';
import { type LocalServer, type Owner, privateFolder, startServer } from './server-process.js';

const run = promisify(execFile);
const superuser = 'tidewaiter';
const database = 'tidewaiter';
/** Folder for data of root that PostgreSQL's own user cannot reach, such as under /root. */
const sharedPlace = '/var/lib/tidewaiter';
const orphansGoneWithinMs = 10_000;

/**
 * Settings for little memory, with fsync on and without statements in the log, since they hold
 * data.
 */
const settings = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'shared_buffers=32MB',
  'max_connections=200',
  'log_min_messages=log',
];

export interface PostgresOptions {
  /** Absolute. */
  dataDir: string;
  port: number;
  password: string;
  /** Additional settings: `fsync=off`. */
  settings?: readonly string[];
}

/**
 * Starts PostgreSQL with the database `tidewaiter`, making it on the first start. As root it runs
 * as `postgres`, else `nobody`.
 * @throws NotFound `PROGRAM_MISSING`, TidewaiterError `SERVER_START_FAILED`
 */
export async function startPostgres(options: PostgresOptions, programs: Programs): Promise<LocalServer> {
  const { postgresFolder, setpriv } = programs;
  if (!postgresFolder) throw new NotFound('PROGRAM_MISSING', 'PostgreSQL is not installed');
  const { port, password, settings: more = [] } = options;
  const owner = await serverOwner();
  const folder = await placeOf(options.dataDir, owner);
  const pidFile = join(folder, 'postmaster.pid');
  await stopLeftover(pidFile, folder);
  if (!(await exists(join(folder, 'PG_VERSION')))) await initialize(folder, password, postgresFolder, owner);
  return onceOrphansAreGone(async () =>
    startServer({
      name: 'postgres',
      url: `postgres://${superuser}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`,
      port,
      program: join(postgresFolder, 'postgres'),
      args: ['-D', folder, '-p', String(port), ...[...settings, ...more].flatMap((setting) => ['-c', setting])],
      setpriv,
      owner,
      logFile: `${options.dataDir}.log`,
      isReady: async (pid) => isReady(pidFile, pid),
    }),
  );
}

/** Stops the server that a killed run left on this data. */
export async function stopLeftoverPostgres(dataDir: string): Promise<void> {
  const target = await readlink(dataDir).catch(() => undefined);
  // A copied folder contains the link of the original, whose server is not ours to stop.
  if (target !== undefined && target !== elsewhereFor(dataDir)) return;
  const folder = target ?? dataDir;
  await stopLeftover(join(folder, 'postmaster.pid'), folder);
}

/** The first line is the pid, the eighth the state. @see PostgreSQL, src/include/utils/pidfile.h */
async function isReady(pidFile: string, pid: number): Promise<boolean> {
  const lines = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n');
  return lines[0] === String(pid) && lines[7]?.trim() === 'ready';
}

/**
 * Retries a start: after a SIGKILL backends live on for a moment, and PostgreSQL refuses to start
 * until they are gone.
 */
async function onceOrphansAreGone(start: () => Promise<LocalServer>): Promise<LocalServer> {
  const deadline = performance.now() + orphansGoneWithinMs;
  for (;;) {
    try {
      return await start();
    } catch (error) {
      const orphans = error instanceof TidewaiterError && error.message.includes('pre-existing shared memory block');
      if (!orphans || performance.now() > deadline) throw error;
      await sleep(100);
    }
  }
}

async function initialize(folder: string, password: string, programs: string, owner: Owner | undefined): Promise<void> {
  // Created beside its final place and renamed when complete, so that an interrupted start leaves
  // no partial database.
  const fresh = `${folder}.new`;
  const passwordFile = `${folder}.password`;
  await rm(fresh, { recursive: true, force: true });
  await privateFolder(fresh, owner);
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (owner) await chown(passwordFile, owner.uid, owner.gid);
  const locale = ['--encoding', 'UTF8', '--locale', 'C'];
  const access = ['--username', superuser, '--auth', 'scram-sha-256', '--pwfile', passwordFile];
  try {
    await run(join(programs, 'initdb'), ['-D', fresh, ...locale, ...access], { ...owner, cwd: '/' });
    const single = run(join(programs, 'postgres'), ['--single', '-D', fresh, 'postgres'], { ...owner, cwd: '/' });
    single.child.stdin?.end(`CREATE DATABASE ${database}\n`);
    await single;
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string };
    throw new TidewaiterError('SERVER_START_FAILED', `initdb failed: ${stderr.trim()}`, { cause });
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(fresh, folder);
}

/**
 * Actual data folder: `dataDir`, or the target of its link if PostgreSQL's user cannot reach it
 * there.
 */
async function placeOf(dataDir: string, owner: Owner | undefined): Promise<string> {
  const parent = dirname(dataDir);
  await mkdir(parent, { recursive: true });
  const elsewhere = elsewhereFor(dataDir);
  const present = await lstat(dataDir).catch(() => undefined);
  if (present?.isSymbolicLink()) {
    const target = await readlink(dataDir);
    if (target === elsewhere) return elsewhere;
    throw new TidewaiterError(
      'SERVER_START_FAILED',
      `${dataDir} leads to the data of another folder, ${target}: remove the link`,
    );
  }
  if (present || !owner || (await canReach(parent, owner))) return dataDir;
  await mkdir(dirname(elsewhere), { recursive: true });
  // Sets the mode regardless of our umask.
  for (const folder of [sharedPlace, dirname(elsewhere)]) await chmod(folder, 0o755);
  await symlink(elsewhere, dataDir);
  return elsewhere;
}

function elsewhereFor(dataDir: string): string {
  return join(sharedPlace, createHash('sha256').update(dataDir).digest('hex').slice(0, 16), 'postgres');
}

async function canReach(folder: string, owner: Owner): Promise<boolean> {
  return run('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], { ...owner, cwd: '/' }).then(
    () => true,
    () => false,
  );
}

/** User of servers that refuse to run as root, such as PostgreSQL; undefined if we are not root. */
export async function serverOwner(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = new Map(
    (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => [line.split(':', 1)[0], line.split(':')]),
  );
  const [, , uid, gid] = users.get('postgres') ?? users.get('nobody') ?? [];
  if (!uid || !gid) throw new NotFound('PROGRAM_MISSING', 'neither of the users postgres and nobody exists');
  return { uid: Number(uid), gid: Number(gid) };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
