import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import type { AdvisoryPlaces } from '@tidewaiter/advisory-sync';
import type { Egress } from '@tidewaiter/egress';
import { Every } from '@tidewaiter/runtime';
import { Jobs, Store } from '@tidewaiter/store';

const lookMs = 60_000;

/** URLs and interval of advisory syncs; an interval of 0 disables them. */
export class AdvisorySchedule {
  constructor(
    readonly intervalMs: number,
    readonly places: AdvisoryPlaces,
    /** Null means all ecosystems of the bucket. */
    readonly ecosystems: readonly string[] | null,
    readonly egress: Egress,
  ) {}
}

/** Queues the next sync when it is due. Every scanner checks; the first one queues it for all. */
@Injectable()
export class QueueSyncs implements BeforeApplicationShutdown {
  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly schedule: AdvisorySchedule,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    await this.schedule.egress.close();
  }

  @Every(lookMs)
  async queueDue(): Promise<void> {
    if (this.schedule.intervalMs === 0) return;
    if (await this.jobs.hasEndedWithin('sync-osv', this.schedule.intervalMs)) return;
    await this.store.transaction((tx) => tx.enqueue({ queue: 'sync-osv', key: 'all', class: 'bulk' }));
  }
}
