import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { currentRun, type Run } from '@tidewaiter/servers';

export const launcher = resolve(import.meta.dirname, '../tidewaiter');

/** A new folder for an `up`. */
export async function makeHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'tidewaiter-bench-'));
  // PostgreSQL runs as another user under root; if that user cannot enter this folder, its data is
  // stored elsewhere and never removed.
  await chmod(home, 0o711);
  return home;
}

export interface Up {
  run: Run;
  /** Time until it was ready. */
  seconds: number;
  /** CPU time so far of Tidewaiter's own processes, without the servers'. */
  cpuSeconds: () => number;
  stop: () => Promise<void>;
}

/** `./tidewaiter up` with everything under `home`, ready. */
export async function startUp(home: string, ingestPort = 0, workers = 1): Promise<Up> {
  const began = performance.now();
  const ports = ['--port-ingest', String(ingestPort), '--port-console', '0'];
  const up = spawn(launcher, ['up', ...ports, '--workers', String(workers)], {
    env: environmentOf(home),
    stdio: 'ignore',
  });
  let run: Run | undefined;
  while (!(run = await currentRun(join(home, '.tidewaiter')))?.ready) {
    if (up.exitCode !== null) throw new Error('up ended');
    await sleep(20);
  }
  const ready = run;
  return {
    run: ready,
    seconds: (performance.now() - began) / 1_000,
    cpuSeconds: () => [up.pid!, ...workersOf(ready)].reduce((total, pid) => total + cpuSecondsOf(pid), 0),
    async stop() {
      up.kill('SIGTERM');
      if (up.exitCode === null) await once(up, 'exit');
    },
  };
}

function workersOf({ processes }: Run): number[] {
  return processes.filter(({ name }) => name.startsWith('scanner')).map(({ pid }) => pid);
}

/** CPU seconds by the kernel's counters, in steps of a hundredth. */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export function environmentOf(home: string): NodeJS.ProcessEnv {
  return { ...process.env, TIDEWAITER_HOME: home, TIDEWAITER_LOG_LEVEL: 'warn' };
}
