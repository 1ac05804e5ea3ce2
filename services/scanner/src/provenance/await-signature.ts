import { Injectable } from '@nestjs/common';
import { NotYet } from '@tidewaiter/domain';
import type { JobHandler, JobProblem } from '@tidewaiter/queue';
import { type ClaimedJob, Jobs, Pushes, Store } from '@tidewaiter/store';

import { Reexamination } from '../push/reexamination.js';

/**
 * Verifies the signature of a push again when its grace period is over, and announces findings that
 * remain. The job is the timer: it survives restarts. Its key is the push id.
 */
@Injectable()
export class AwaitSignature implements JobHandler<ClaimedJob> {
  readonly queue = 'signature';
  readonly retryDelaysMs = [2_000, 10_000, 60_000, 600_000, 1_800_000];
  readonly timeoutMs = 5 * 60_000;
  readonly concurrency = 2;

  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly pushes: Pushes,
    private readonly reexamination: Reexamination,
  ) {}

  async handle(job: ClaimedJob, signal: AbortSignal): Promise<void> {
    const push = await this.pushes.get(job.key);
    const dueAt = push?.signatureDueAt ?? null;
    const inMs = (dueAt?.getTime() ?? 0) - Date.now();
    if (inMs > 0) throw new NotYet('SIGNATURE_AWAITED', 'the signature may still come', { retryAfterMs: inMs + 100 });
    if (push && dueAt) await this.reexamination.examine(push, signal);
    await this.store.transaction((tx) => this.jobs.finish(tx, job));
  }

  async giveUp(job: ClaimedJob, problem: JobProblem): Promise<void> {
    await this.jobs.fail(job, { ...problem, retryInMs: null });
  }
}
