/** How long `up` takes to be ready, at first and again, and how much memory everything needs when nothing happens. See README.md. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { report } from './ceilings.ts';

const root = resolve(import.meta.dirname, '..');
const idleMs = 20_000;
const targets = { warmSeconds: 5, totalMiB: 500 };

interface Run {
  pid: number;
  ready: boolean;
  processes: { name: string; pid: number }[];
}

const home = await mkdtemp(join(tmpdir(), 'tidewaiter-bench-'));
try {
  const first = await start();
  report('ready with a new data folder', first.seconds, ' s');
  await stop(first.up);
  const second = await start();
  report(`ready again (target ${targets.warmSeconds} s)`, second.seconds, ' s');
  await sleep(idleMs);
  const total = reportMemory(readRun()!);
  report(`all together (target ${targets.totalMiB} MiB)`, total, ' MiB');
  await stop(second.up);
} finally {
  await rm(home, { recursive: true, force: true });
}

async function start(): Promise<{ up: ChildProcess; seconds: number }> {
  const began = performance.now();
  const up = spawn(join(root, 'tidewaiter'), ['up', '--port-ingest', '0', '--port-console', '0'], {
    env: { ...process.env, TIDEWAITER_HOME: home, TIDEWAITER_LOG_LEVEL: 'warn' },
    stdio: 'ignore',
  });
  while (readRun()?.ready !== true) {
    if (up.exitCode !== null) throw new Error('up ended');
    await sleep(20);
  }
  return { up, seconds: (performance.now() - began) / 1_000 };
}

async function stop(up: ChildProcess): Promise<void> {
  const began = performance.now();
  const ended = new Promise((exited) => up.once('exit', exited));
  up.kill('SIGTERM');
  await ended;
  report('stopped', (performance.now() - began) / 1_000, ' s');
}

/** Prints the proportional set size of each process and its children; answers the sum in MiB. */
function reportMemory({ pid, processes }: Run): number {
  let total = 0;
  for (const { name, pid: root } of [{ name: 'node, all five services', pid }, ...processes]) {
    const mib = [root, ...childrenOf(root).filter((child) => !processes.some((each) => each.pid === child))].map(
      pssMiB,
    );
    const sum = mib.reduce((all, each) => all + each, 0);
    report(`  ${name}${mib.length > 1 ? `, ${mib.length} processes` : ''}`, sum, ' MiB');
    total += sum;
  }
  return total;
}

function pssMiB(pid: number): number {
  const [, kib = '0'] = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
  return Number(kib) / 1_024;
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => parentOf(pid) === parent);
}

function parentOf(pid: number): number | null {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return null;
  }
}

function readRun(): Run | null {
  try {
    return JSON.parse(readFileSync(join(home, '.tidewaiter/run.json'), 'utf8')) as Run;
  } catch {
    return null;
  }
}
