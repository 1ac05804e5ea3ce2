import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

const memoryIntervalMs = 5;

/** Node's flags from the launcher, without the shell's own time. */
export const nodeFlags = ['--max-semi-space-size=4', '--initial-old-space-size=64', '--heap-growing-percent=50'];

/** Cost of one run of a program. */
export interface Cost {
  wallSeconds: number;
  cpuSeconds: number;
  peakMegabytes: number;
}

/** Runs a program; bash measures the time of its children, and the kernel their peak memory. */
export async function measure(command: readonly string[]): Promise<Cost> {
  const timed = spawn('bash', ['-c', 'TIMEFORMAT="cost %R %U %S"; time "$@"', 'bash', ...command], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  timed.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  let peakMegabytes = 0;
  const watch = setInterval(() => (peakMegabytes = Math.max(peakMegabytes, peakOf(timed.pid!))), memoryIntervalMs);
  await new Promise((done) => timed.on('close', done));
  clearInterval(watch);
  const [, wall, user, system] = /cost (\S+) (\S+) (\S+)/.exec(text) ?? [];
  if (wall === undefined || timed.exitCode !== 0) throw new Error(`${command.join(' ')}: ${text}`);
  return { wallSeconds: Number(wall), cpuSeconds: Number(user) + Number(system), peakMegabytes };
}

/** Peak resident set of a shell's child. */
function peakOf(shell: number): number {
  try {
    const [child] = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ');
    const [, kib] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${child}/status`, 'utf8')) ?? [];
    return Number(kib ?? 0) / 1_024;
  } catch {
    return 0; // it has not begun, or has ended
  }
}

/** Medians of several runs, as a row of a table. */
export function row(name: string, costs: readonly Cost[]): string {
  const [wall, cpu, peak] = (['wallSeconds', 'cpuSeconds', 'peakMegabytes'] as const).map((key) =>
    median(costs.map((cost) => cost[key])),
  ) as [number, number, number];
  return `  ${name.padEnd(34)} ${wall.toFixed(2).padStart(6)} ${cpu.toFixed(2).padStart(6)} ${peak.toFixed(0).padStart(5)}`;
}

/** Middle of the values in their order. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
