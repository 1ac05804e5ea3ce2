import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { InvalidInput } from '@tidewaiter/domain';
import type { Logger } from '@tidewaiter/runtime';

import { isAtOrBehind, type LogPosition, SegmentLog } from './segment-log.js';
import { SpoolBudget } from './spool-budget.js';
import { StreamCoverage } from './stream-coverage.js';

interface SpoolOptions {
  folder: string;
  /** Room for all entries together. */
  maxBytes: number;
  log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Part of the room that runtime events leave to webhooks, which are few and not repeated. */
const hookShare = 1 / 8;

/**
 * Webhooks and runtime events on the disk of ingest, until PostgreSQL has what follows from them.
 */
export class Spool {
  /** Called for each damaged place on disk, behind which a segment cannot be read. */
  onLoss: () => void = () => undefined;
  /** Place behind the last webhook that PostgreSQL has. */
  hooksStored: LogPosition;

  private constructor(
    private readonly lock: string,
    private readonly budget: SpoolBudget,
    readonly hooks: SegmentLog,
    readonly events: SegmentLog,
    readonly coverage: StreamCoverage,
    hooksStored: LogPosition,
  ) {
    this.hooksStored = hooksStored;
  }

  /**
   * @throws InvalidInput `SPOOL_IN_USE` when another process has the folder, `CONFIG_INVALID`
   * when it cannot be written
   */
  static async open({ folder, maxBytes, log }: SpoolOptions): Promise<Spool> {
    const lock = join(folder, 'lock');
    await prepare(folder, lock);
    const budget = new SpoolBudget(maxBytes);
    const onLoss = () => spool.onLoss();
    const hooks = await SegmentLog.open({ folder: join(folder, 'hooks'), budget, log, onLoss });
    const events = await SegmentLog.open({
      folder: join(folder, 'events'),
      budget: budget.leaving(Math.floor(maxBytes * hookShare)),
      log,
      onLoss,
    });
    const coverage = new StreamCoverage(events.start, await events.lastNote());
    const spool: Spool = new Spool(lock, budget, hooks, events, coverage, placeIn(hooks, await hooks.lastNote()));
    log.info({ folder, bytes: spool.usedBytes, max_bytes: maxBytes }, 'spool open');
    return spool;
  }

  get usedBytes(): number {
    return this.budget.usedBytes;
  }

  async close(): Promise<void> {
    await this.hooks.close();
    await this.events.close();
    await rm(this.lock, { force: true });
  }
}

/** A noted place, if the log still has it. */
function placeIn(log: SegmentLog, note: unknown): LogPosition {
  const { segment, offset } = (note ?? {}) as Partial<LogPosition>;
  const place = { segment: Number(segment), offset: Number(offset) };
  return isAtOrBehind(place, log.start) && isAtOrBehind(log.end, place) ? place : log.start;
}

async function prepare(folder: string, lock: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await takeLock(lock);
  } catch (cause) {
    if (cause instanceof InvalidInput) throw cause;
    const { code } = cause as { code?: unknown };
    throw new InvalidInput('CONFIG_INVALID', `TIDEWAITER_SPOOL_DIR: cannot write to the folder: ${String(code)}`, {
      cause,
    });
  }
}

interface Holder {
  pid: number;
  /** Start of the process, as numbers of processes are used again. */
  started: string;
}

async function takeLock(path: string): Promise<void> {
  const own: Holder = { pid: process.pid, started: await startOf(process.pid) };
  try {
    await writeFile(path, JSON.stringify(own), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
    const holder = await holderOf(path);
    if (holder !== null && holder.pid !== own.pid && (await isRunning(holder))) {
      throw new InvalidInput('SPOOL_IN_USE', `TIDEWAITER_SPOOL_DIR: process ${holder.pid} uses this folder`);
    }
    await writeFile(path, JSON.stringify(own), { mode: 0o600 });
  }
}

async function holderOf(path: string): Promise<Holder | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return null;
  }
}

async function isRunning({ pid, started }: Holder): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's process runs, too.
    if ((error as { code?: unknown }).code !== 'EPERM') return false;
  }
  return (await startOf(pid)) === started;
}

/** Start time of a process in ticks since the boot; empty where the system does not show it. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in parentheses, may hold anything.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
