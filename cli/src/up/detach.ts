import { spawn } from 'node:child_process';
import { fstatSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { TidewaiterError } from '@tidewaiter/domain';
import { alreadyRuns, currentRun, openLog, type Run } from '@tidewaiter/servers';

import { stateDir } from '../context.js';
import { checkFiles } from './check-files.js';

const logFile = join(stateDir, 'log', 'up.log');

/**
 * Runs the same command in the background and returns when every service takes requests.
 * @throws TidewaiterError `ALREADY_RUNNING`, `UP_FAILED` with the last lines of its log
 */
export async function upDetached(): Promise<Run> {
  const running = await currentRun(stateDir);
  if (running) throw alreadyRuns(stateDir, running.pid);
  // Fails here where the program has no services.
  await import('@tidewaiter/runtime');
  await checkFiles();
  const log = await openLog(logFile);
  const args = process.argv.slice(1).filter((argument) => argument !== '--detach');
  const stdio = ['ignore', log.fd, log.fd] as const;
  const child = spawn(process.execPath, [...process.execArgv, ...args], { detached: true, stdio: [...stdio] });
  child.unref();
  await log.close();
  for (;;) {
    const run = await currentRun(stateDir);
    if (run?.ready && run.pid === child.pid) return run;
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new TidewaiterError('UP_FAILED', `up failed:\n${reasonIn(await readFile(logFile, 'utf8'))}`);
    }
    await sleep(20);
  }
}

/** Log that this process writes to, if it was started in the background. */
export async function ownLogs(): Promise<string[]> {
  const log = await stat(logFile).catch(() => undefined);
  const output = fstatSync(1);
  return log && log.ino === output.ino && log.dev === output.dev ? [logFile] : [];
}

/** Reason in the log of a failed `up`: the lines that are not JSON, which are the services' own. */
function reasonIn(log: string): string {
  const lines = log.trim().split('\n');
  const written = lines.filter((line) => !line.startsWith('{'));
  return (written.length > 0 ? written : lines).slice(-15).join('\n');
}
