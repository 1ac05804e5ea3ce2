import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { TidewaiterError } from '@tidewaiter/domain';

import { openLog } from './log-files.js';

const readyWithinMs = 60_000;
const stopWithinMs = 10_000;
const pollMs = 10;
const probeTimeoutMs = 1_000;
const maxAnswerChars = 64 << 10;

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Server that we started on 127.0.0.1 and that ends with us. */
export interface LocalServer {
  name: string;
  /** With user and password. */
  url: string;
  pid: number;
  port: number;
  /** File with what it prints. */
  logFile: string;
  /** Sends SIGINT, and SIGKILL after ten seconds. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash. */
  kill(): Promise<void>;
  exited: Promise<Exit>;
}

export interface Owner {
  uid: number;
  gid: number;
}

export interface Launch {
  name: string;
  url: string;
  port: number;
  program: string;
  args: string[];
  setpriv: string | undefined;
  /** User that it runs as, if not our own. */
  owner?: Owner | undefined;
  logFile: string;
  /** Whether the server with this pid, and no other on that port, takes requests. */
  isReady: (pid: number) => Promise<boolean>;
}

/**
 * Starts a server and waits until it takes requests.
 * @throws TidewaiterError `SERVER_START_FAILED` with the last lines of its log.
 */
export async function startServer(launch: Launch): Promise<LocalServer> {
  const { name, url, port } = launch;
  const { pid, exited } = await spawnServer(launch);
  let gone: Exit | undefined;
  void exited.then((exit) => (gone = exit));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (gone) return;
    process.kill(pid, signal);
    const insist = setTimeout(() => process.kill(pid, 'SIGKILL'), stopWithinMs);
    await exited;
    clearTimeout(insist);
  };
  const deadline = performance.now() + readyWithinMs;
  while (!(await launch.isReady(pid))) {
    const late = performance.now() > deadline;
    if (!gone && !late) {
      await sleep(pollMs);
      continue;
    }
    await end('SIGKILL');
    const what = late ? `was not ready after ${readyWithinMs / 1000} s` : 'did not start';
    throw new TidewaiterError('SERVER_START_FAILED', `${name} ${what}:\n${await lastLines(launch.logFile)}`);
  }
  return {
    name,
    url,
    pid,
    port,
    logFile: launch.logFile,
    exited,
    stop: async () => end('SIGINT'),
    kill: async () => end('SIGKILL'),
  };
}

async function spawnServer({ program, args, setpriv, owner, logFile, name }: Launch) {
  // The kernel ends the servers of a killed launcher, if setpriv is installed.
  const command = setpriv ? [setpriv, '--pdeathsig', 'INT', program, ...args] : [program, ...args];
  const log = await openLog(logFile);
  // Detached: a terminal's Ctrl-C goes to its whole process group, and the servers must outlive the
  // services.
  const child = spawn(command[0]!, command.slice(1), {
    ...owner,
    cwd: '/',
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  });
  // Lets a test that forgets its server end; `stop` waits with a timer of its own.
  child.unref();
  const exited = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  try {
    await once(child, 'spawn');
  } catch (cause) {
    throw new TidewaiterError('SERVER_START_FAILED', `${name} cannot be run: ${program}`, { cause });
  } finally {
    await log.close();
  }
  return { pid: child.pid!, exited };
}

/** Makes a folder that belongs to `owner` alone. */
export async function privateFolder(path: string, owner?: Owner): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  if (owner) await chown(path, owner.uid, owner.gid);
}

/**
 * Sends `question` to a port of 127.0.0.1; returns the answer so far at `enough`, close, error,
 * overflow or after a second.
 */
export async function ask(port: number, question: string, enough: (answer: string) => boolean): Promise<string> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8').setTimeout(probeTimeoutMs);
  let answer = '';
  const closed = once(socket, 'close');
  socket.on('error', () => socket.destroy()).on('timeout', () => socket.destroy());
  socket.on('data', (chunk: string) => {
    answer += chunk;
    if (enough(answer) || answer.length > maxAnswerChars) socket.destroy();
  });
  if (question) socket.write(question);
  await closed.catch(() => undefined);
  return answer;
}

async function lastLines(logFile: string): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-8).join('\n') || '(its log is empty)';
}
