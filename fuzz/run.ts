// node fuzz/run.ts [target…] [--part 0/8] [--seconds 30] [--seed N] [--replay FILE];
// docs/howto/fuzz.md describes its findings.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';

import { inputOf, seedsOf } from './seeds.ts';
import { faultOf, type Target } from './target.ts';
import { targets } from './targets.ts';
import type { WorkerTask, FaultyInput } from './worker.ts';

/** Time limit for one input; honest ones of this size take some milliseconds. */
const inputLimitMs = 5_000;
const heapLimitMb = 512;
/** Limit on the resident set of the whole process, since buffers lie outside of a worker's heap. */
const residentLimitBytes = 2 * 1024 ** 3;
const pollMs = 100;
/** Value in place of a turn while a thread loads its modules. */
const notStarted = -1;
/** Limit on findings: more of one target are mostly duplicates. */
const maxFindings = 20;
const crashes = join(import.meta.dirname, 'crashes');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '30' },
    seed: { type: 'string' },
    replay: { type: 'string' },
    /** `0/8` takes every eighth target from the first on: machines share the targets. */
    part: { type: 'string', default: '0/1' },
  },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const seconds = Number(values.seconds);
const [part = NaN, parts = NaN] = values.part.split('/').map(Number);
const named = positionals.length === 0 ? targets : targets.filter(({ name }) => positionals.includes(name));
const chosen = named.filter((_, index) => index % parts === part);
const unknown = positionals.filter((name) => !targets.some((target) => target.name === name));
if (unknown.length > 0 || !Number.isSafeInteger(seed) || !(seconds > 0) || !(part < parts)) {
  process.stderr.write(`usage: node fuzz/run.ts [target…] [--part 0/8] [--seconds 30] [--seed N] [--replay FILE]
targets: ${targets.map(({ name }) => name).join(' ')}\n`);
  process.exit(64);
}

if (values.replay === undefined) {
  for (const target of chosen) await fuzz(target);
} else {
  for (const target of chosen) await replay(target, readFileSync(values.replay));
}

async function fuzz(target: Target): Promise<void> {
  const end = performance.now() + seconds * 1_000;
  const findings = new Map<string, FaultyInput>();
  const found = (finding: FaultyInput) => {
    const place = placeOf(finding.fault);
    if (!findings.has(place)) findings.set(place, finding);
  };
  let turns = 0;
  let suspect = -1;
  while (performance.now() < end && findings.size < maxFindings) {
    const { turn, lethal } = await feed(target, turns, end - performance.now(), found);
    // Garbage of earlier inputs or a busy machine may have caused it, so the same input is tried
    // once more.
    const isSuspected = lethal !== undefined && turn !== suspect;
    if (lethal !== undefined && !isSuspected) found({ turn, fault: lethal });
    suspect = turn;
    turns = isSuspected ? turn : turn + 1;
  }
  process.stdout.write(
    `${target.name.padEnd(22)} ${String(turns).padStart(9)} inputs ${String(Math.round(turns / seconds)).padStart(7)}/s  ` +
      `seed ${seed}  ${findings.size === 0 ? 'ok' : `${findings.size} findings`}\n`,
  );
  for (const finding of findings.values()) keep(target, finding);
}

/**
 * Runs a worker until its time is over or an input kills it; returns the last turn, and the fault
 * that ended the worker.
 */
async function feed(
  target: Target,
  firstTurn: number,
  durationMs: number,
  found: (finding: FaultyInput) => void,
): Promise<{ turn: number; lethal: string | undefined }> {
  const turn = new Int32Array(new SharedArrayBuffer(4)).fill(notStarted);
  const workerData: WorkerTask = { target: target.name, seed, firstTurn, durationMs, turn };
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: heapLimitMb },
  });
  let lethal: string | undefined;
  const limits = watch(turn, (fault) => {
    clearInterval(limits);
    lethal = fault;
    void worker.terminate();
  });
  worker.on('message', found);
  await new Promise<void>((resolve, reject) => {
    worker.on('error', (error) => {
      lethal = error.stack ?? error.message;
      if (turn[0] === notStarted) reject(error);
    });
    worker.on('exit', () => resolve());
  });
  clearInterval(limits);
  return { turn: turn[0]!, lethal };
}

/** Calls `kill` when one turn exceeds the time limit or the process the memory limit. */
function watch(turn: Int32Array, kill: (fault: string) => void): NodeJS.Timeout {
  let last = notStarted;
  let since = performance.now();
  return setInterval(() => {
    const now = Atomics.load(turn, 0);
    if (now !== last) {
      last = now;
      since = performance.now();
    }
    if (now === notStarted) return;
    if (performance.now() - since > inputLimitMs) kill(`no answer within ${inputLimitMs} ms`);
    else if (process.memoryUsage.rss() > residentLimitBytes) kill(`more than ${residentLimitBytes} bytes of memory`);
  }, pollMs);
}

/** Key of a fault: two with the same kind of message at the same place are one finding. */
function placeOf(fault: string): string {
  const [message = '', ...frames] = fault.split('\n');
  return [
    message.replaceAll(/\d+|"[^"]*"/g, '_').slice(0, 80),
    frames.find((line) => line.includes('/dist/')) ?? '',
  ].join('\n');
}

function keep(target: Target, { turn, fault }: FaultyInput): void {
  const path = join(crashes, `${target.name}-${seed}-${turn}`);
  mkdirSync(crashes, { recursive: true });
  writeFileSync(path, inputOf(target, seedsOf(target), seed, turn));
  process.exitCode = 1;
  process.stdout.write(`  ${relative(process.cwd(), path)}: ${fault.split('\n').slice(0, 6).join('\n  ')}\n`);
}

async function replay(target: Target, input: Buffer): Promise<void> {
  const began = performance.now();
  const fault = await faultOf(target, input);
  const tookMs = Math.round(performance.now() - began);
  process.stdout.write(`${target.name}: ${fault ?? 'ok'} (${input.length} bytes, ${tookMs} ms)\n`);
  if (fault !== undefined) process.exitCode = 1;
}
