import { join } from 'node:path';

import type { Logger } from '@tidewaiter/runtime';
import {
  lockFolder,
  type LogPosition,
  positionIn,
  readNote,
  SegmentLog,
  SpoolBudget,
  writeNote,
} from '@tidewaiter/spool';

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
    private readonly folder: string,
    private readonly release: () => Promise<void>,
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
    const release = await lockFolder(folder, 'TIDEWAITER_SPOOL_DIR');
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
    const spool: Spool = new Spool(
      folder,
      release,
      budget,
      hooks,
      events,
      coverage,
      positionIn(hooks, await hooks.lastNote()),
    );
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
    await this.release();
  }

  #dropOldestCovered(): boolean {
    const [oldest] = this.coverage.covered();
    if (oldest !== undefined) void this.drop(oldest);
    return oldest !== undefined;
  }
}
