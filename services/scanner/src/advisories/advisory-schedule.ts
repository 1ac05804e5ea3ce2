import { Injectable } from '@nestjs/common';
import { type AdvisoryPlaces, placesOf } from '@tidewaiter/advisory-sync';
import { Every } from '@tidewaiter/runtime';
import { Jobs, Store } from '@tidewaiter/store';

import { ScannerConfig } from '../config.js';

const lookMs = 60_000;

/** Feeds of advisories and the interval of their syncs. */
@Injectable()
export class AdvisorySchedule {
  /** 0 means never. */
  readonly intervalMs: number;
  readonly places: AdvisoryPlaces;
  /** Null: all ecosystems of the bucket. */
  readonly ecosystems: readonly string[] | null;

  constructor(config: ScannerConfig) {
    const { advisoriesInterval, advisoriesUrl, kevUrl, epssUrl, advisoriesSources, advisoriesEcosystems } = config;
    this.intervalMs = advisoriesInterval;
    this.places = placesOf({ osv: advisoriesUrl, kev: kevUrl, epss: epssUrl, ...advisoriesSources });
    this.ecosystems = advisoriesEcosystems ?? null;
  }
}

/** Queues the next sync when it is due. Every scanner checks; the first one queues it for all. */
@Injectable()
export class QueueSyncs {
  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly schedule: AdvisorySchedule,
  ) {}

  @Every(lookMs)
  async queueDue(): Promise<void> {
    if (this.schedule.intervalMs === 0) return;
    if (await this.jobs.isPendingOrEndedWithin('sync-osv', this.schedule.intervalMs)) return;
    await this.store.transaction((tx) => tx.enqueue({ queue: 'sync-osv', key: 'all', class: 'bulk' }));
  }
}
