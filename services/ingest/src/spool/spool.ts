import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { InvalidInput } from '@tidewaiter/domain';
import type { Logger } from '@tidewaiter/runtime';

import { readNote, writeNote } from './note.js';
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
const lockName = 'lock';

/**
 * Webhooks and runtime events on the disk of ingest, until PostgreSQL has what follows from them.
 */
export class Spool {
  /** Called for each damaged place on disk, behind which a segment cannot be read. */
  onLoss: () => void = () => undefined;
  /** Place behind the last webhook that PostgreSQL has. */
  hooksStored: LogPosition;

  private constructor(
    private readonly folder: string,
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
    await prepare(folder, join(folder, lockName));
    const budget = new SpoolBudget(maxBytes);
    const onLoss = () => spool.onLoss();
    const hooks = await SegmentLog.open({ folder: join(folder, 'hooks'), budget, log, onLoss });
    const events = await SegmentLog.open({
      folder: join(folder, 'events'),
      budget: budget.leaving(Math.floor(maxBytes * hookShare)),
      log,
      onLoss,
    });
    const coverage = new StreamCoverage(await events.lastNote());
    const spool: Spool = new Spool(folder, budget, hooks, events, coverage, placeIn(hooks, await hooks.lastNote()));
    budget.reclaim = () => spool.#dropOldestCovered();
    log.info({ folder, bytes: spool.usedBytes, max_bytes: maxBytes }, 'spool open');
    return spool;
  }

  /** Bytes of all entries. */
  get usedBytes(): number {
    return this.budget.usedBytes;
  }

  /** Bytes of what neither PostgreSQL nor a snapshot of the detector has yet. */
  get waitingBytes(): number {
    const covered = new Set(this.coverage.covered());
    const isCovered = ({ number }: { number: number }) => covered.has(number);
    return this.events.segments.filter(isCovered).reduce((rest, { bytes }) => rest - bytes, this.usedBytes);
  }

  /** Notes a value beside the entries, under a name. */
  async note(name: string, value: unknown): Promise<void> {
    await writeNote(join(this.folder, `${name}.json`), value);
  }

  /** Last value that was noted under a name; null if it is missing or damaged. */
  async lastNote(name: string): Promise<unknown> {
    return readNote(join(this.folder, `${name}.json`));
  }

  /** Deletes a segment of events, which snapshots cover. */
  async drop(segment: number): Promise<void> {
    this.coverage.forget(segment);
    await this.events.drop(segment);
  }

  async close(): Promise<void> {
    await this.hooks.close();
    await this.events.close();
    await rm(join(this.folder, lockName), { force: true });
  }

  #dropOldestCovered(): boolean {
    const [oldest] = this.coverage.covered();
    if (oldest !== undefined) void this.drop(oldest);
    return oldest !== undefined;
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
