import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Injectable } from '@nestjs/common';
import { type FeedResult, type ReadingListener, syncAdvisories } from '@tidewaiter/advisory-sync';
import { TidewaiterError } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import type { JobHandler, JobProblem } from '@tidewaiter/queue';
import { Logger, failpoint } from '@tidewaiter/runtime';
import { AdvisoryFeeds, type ClaimedJob, Jobs, Store } from '@tidewaiter/store';

import { AdvisorySchedule } from './advisory-schedule.js';
import { TakeConfigured } from './take-configured.js';

/**
 * Updates the advisories, as `tidewaiter advisories sync` does. A feed that cannot be fetched or
 * read keeps its records and is retried in the next sync; the job does not fail for it.
 */
@Injectable()
export class SyncAdvisories implements JobHandler<ClaimedJob> {
  readonly queue = 'sync-osv';
  readonly concurrency = 1;
  readonly retryDelaysMs = [10_000, 60_000, 600_000];
  /** The first sync of everything downloads gigabytes. */
  readonly timeoutMs = 6 * 3_600_000;

  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly feeds: AdvisoryFeeds,
    private readonly schedule: AdvisorySchedule,
    private readonly artifact: TakeConfigured,
    private readonly egress: Egress,
    private readonly logger: Logger,
  ) {}

  async handle(job: ClaimedJob, signal: AbortSignal): Promise<void> {
    const { from } = this.artifact;
    if (from === undefined) await this.#fetchSources(signal);
    else await this.artifact.take(from, signal);
    failpoint('advisories.synced');
    await this.store.transaction((tx) => this.jobs.finish(tx, job));
  }

  async #fetchSources(signal: AbortSignal): Promise<void> {
    const { places, ecosystems } = this.schedule;
    const folder = await mkdtemp(join(tmpdir(), 'tidewaiter-downloads-'));
    try {
      await syncAdvisories({
        keeper: this.feeds,
        listener: new LoggedReading(this.logger),
        acceptsRemovals: false,
        egress: this.egress,
        places,
        ecosystems,
        folder,
        // The operator configures the URL, so it may be an internal mirror.
        request: { signal, allowPrivate: true },
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async giveUp(job: ClaimedJob, problem: JobProblem): Promise<void> {
    await this.jobs.fail(job, { ...problem, retryInMs: null });
  }
}

/** Logs the progress of a sync. */
class LoggedReading implements ReadingListener {
  constructor(private readonly logger: Logger) {}

  downloading(): void {}

  reading(): void {}

  rejected(): void {
    // Counted in the feed's own row.
  }

  keptDeleted(feed: string, gone: number, records: number): void {
    this.logger.warn({ feed, gone, records }, 'advisories deleted upstream kept');
  }

  done({ name: feed, state, records, changed, gone, rejected, seconds }: FeedResult): void {
    const fields = { feed, records, changed, gone, rejected, duration_ms: Math.round(seconds * 1000) };
    if (state === 'read') this.logger.info(fields, 'advisory sync done');
  }

  failed(feed: string, err: unknown): void {
    this.logger.warn(
      { feed, code: err instanceof TidewaiterError ? err.code : 'INTERNAL', err },
      'advisory sync failed',
    );
  }
}
