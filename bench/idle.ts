/**
 * Startup time of `up`, first and repeated, and memory of all processes when idle; fails above the
 * memory target. See README.md.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Run } from '@tidewaiter/servers';

import { report } from './ceilings.ts';
import { makeHome, startUp, type Up } from './up.ts';

const idleMs = 20_000;
const targets = { newSeconds: 10, againSeconds: 5, totalMiB: 300 };

const home = await makeHome();
try {
  const first = await startUp(home);
  report(`ready with a new data folder (target ${targets.newSeconds} s)`, first.seconds, ' s');
  await timeStop(first);
  const second = await startUp(home);
  try {
    report(`ready again (target ${targets.againSeconds} s)`, second.seconds, ' s');
    await sleep(idleMs);
    const totalMiB = reportMemory(second.run);
    report(`all together (target ${targets.totalMiB} MiB)`, totalMiB, ' MiB');
    if (totalMiB > targets.totalMiB) process.exitCode = 1;
    await reportNode(second.run);
  } finally {
    await timeStop(second);
  }
} finally {
  await rm(home, { recursive: true, force: true });
}

async function timeStop(up: Up): Promise<void> {
  const began = performance.now();
  await up.stop();
  report('stopped', (performance.now() - began) / 1_000, ' s');
}

/** Prints the proportional set size of each process and its children; returns the sum in MiB. */
function reportMemory({ pid, processes }: Run): number {
  const named = new Set(processes.map((each) => each.pid));
  let total = 0;
  for (const { name, pid: root } of [{ name: 'node, all five services', pid }, ...processes]) {
    const pids = [root, ...childrenOf(root).filter((child) => !named.has(child))];
    const sum = pids.map(pssMiB).reduce((all, each) => all + each, 0);
    report(`  ${name}${pids.length > 1 ? `, ${pids.length} processes` : ''}`, sum, ' MiB');
    total += sum;
  }
  return total;
}

/** Prints the memory metrics of the process with all services. */
async function reportNode({ services }: Run): Promise<void> {
  const metrics = await fetch(`${services[0]!.url}/metrics`).then(async (answer) => answer.text());
  const mib = (name: string) => Number(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'm').exec(metrics)?.[1]) / 2 ** 20;
  report('  of node: resident', mib('process_resident_memory_bytes'), ' MiB');
  report('  of node: heap in use', mib('nodejs_heap_size_used_bytes'), ' MiB');
  report('  of node: heap', mib('nodejs_heap_size_total_bytes'), ' MiB');
}

function pssMiB(pid: number): number {
  const [, kib] = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? [];
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
    return null; // it has ended since
  }
}
