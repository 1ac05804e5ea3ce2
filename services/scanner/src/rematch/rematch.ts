import { Injectable } from '@nestjs/common';
import type { JobHandler, JobProblem } from '@tidewaiter/queue';
import { Logger } from '@tidewaiter/runtime';
import { type ClaimedJob, Jobs } from '@tidewaiter/store';

import { everything, RematchTransitions } from './rematch-transitions.js';

/**
 * Matches known images against a change of advisories. The key of the job is the number of the
 * change.
 */
@Injectable()
export class Rematch implements JobHandler<ClaimedJob> {
  readonly queue = 'rematch';
  readonly retryDelaysMs = [500, 2_000, 10_000, 60_000, 600_000];
  readonly timeoutMs = 30 * 60_000;
  /** Bulk work: one at a time, however many changes an import makes. */
  readonly concurrency = 1;

  constructor(
    private readonly steps: RematchTransitions,
    private readonly jobs: Jobs,
    private readonly logger: Logger,
  ) {}

  async handle(job: ClaimedJob, signal: AbortSignal): Promise<void> {
    const started = performance.now();
    const done = job.key === everything ? await this.steps.matchOutdated(job, signal) : await this.steps.apply(job);
    this.logger.info(
      { change: job.key, ...done, duration_ms: Math.round(performance.now() - started) },
      'rematch done',
    );
  }

  async giveUp(job: ClaimedJob, { code, reason }: JobProblem): Promise<void> {
    await this.jobs.fail(job, { code, reason, retryInMs: null });
  }
}
