import { Injectable } from '@nestjs/common';
import { Bus } from '@tidewaiter/bus';
import { runtimeChannel, runtimePartitions, runtimeStream } from '@tidewaiter/events';
import { Logger } from '@tidewaiter/runtime';
import { DetectorLeases, type RestoreReport } from '@tidewaiter/store';

import { IngestConfig } from '../config.js';
import { RestoreGuard } from '../restore/restore-guard.js';
import type { Spool } from './spool.js';

/**
 * Knows what of the spooled events is safe: it recognizes a stream that was lost and a restored
 * PostgreSQL, and deletes what snapshots have covered for long enough.
 */
@Injectable()
export class EventCover {
  constructor(
    private readonly bus: Bus,
    private readonly leases: DetectorLeases,
    private readonly guard: RestoreGuard,
    private readonly config: IngestConfig,
    private readonly logger: Logger,
  ) {}

  /**
   * Resolves when it is known whether PostgreSQL was restored: events that it had covered are
   * published before later ones.
   */
  get ready(): Promise<void> {
    return this.guard.compared;
  }

  async check(spool: Spool): Promise<void> {
    const { coverage } = spool;
    if (coverage.compare(await this.bus.endOf(runtimeStream)))
      this.logger.warn({ bytes: spool.waitingBytes }, 'runtime stream lost, publishing its events again');
    const { lastRestore } = this.guard;
    if (lastRestore && coverage.isNewRestore(lastRestore.recognizedAt)) await this.#uncover(spool, lastRestore);
    await this.#forgetCovered(spool);
    await this.note(spool);
  }

  async note({ events, coverage }: Spool): Promise<void> {
    const note = coverage.note();
    if (note) await events.note(note);
  }

  async #uncover({ coverage }: Spool, restore: RestoreReport): Promise<void> {
    const segments = coverage.uncover(restore, await this.#starts());
    if (segments.length > 0)
      this.logger.warn({ segments: segments.length }, 'database restored, publishing runtime events again');
  }

  /** First message that the stream has of each partition. */
  async #starts(): Promise<Map<number, number>> {
    const starts = new Map<number, number>();
    for (let partition = 0; partition < runtimePartitions; partition += 1) {
      const first = await this.bus.firstOf(runtimeStream, runtimeChannel(partition));
      if (first !== null) starts.set(partition, first);
    }
    return starts;
  }

  async #forgetCovered(spool: Spool): Promise<void> {
    const { events, coverage } = spool;
    // While PostgreSQL is away nothing is covered newly.
    const places = await this.leases.partitionPlaces().catch(() => null);
    if (places === null) return;
    const last = events.segments.at(-1);
    if (last && coverage.isPublished(last) && coverage.isCovered(last.number, places)) await events.closeSegment();
    const closed = new Set(events.closedSegments);
    for (const segment of events.segments)
      if (closed.has(segment.number) && coverage.isPublished(segment)) coverage.cover(segment.number, places);
    const keptSince = new Date(Date.now() - this.config.spoolKeepMs);
    for (const segment of coverage.covered(keptSince)) await spool.drop(segment);
  }
}
