import { Injectable } from '@nestjs/common';
import { NotYet } from '@tidewaiter/domain';
import type { JobHandler, JobProblem } from '@tidewaiter/queue';
import { failpoint, Logger } from '@tidewaiter/runtime';
import { redactedReason } from '@tidewaiter/secrets';
import type { ClaimedJob, Push } from '@tidewaiter/store';

import { ScannerConfig } from '../config.js';
import { isRefusal } from '../failure.js';
import { Baselines, type ChosenBaseline } from './baselines.js';
import { EvaluatePush } from './evaluate-push.js';
import { PushComparison } from './push-comparison.js';
import { PushResolution } from './push-resolution.js';
import { PushTransitions } from './push-transitions.js';
import { NotAnImage } from './resolve-push.js';

/**
 * Advances a push as far as possible: resolves it, queues its layers, and evaluates it when all of
 * them are read. Runs once when the push arrives and again when its last layer is done. The key of
 * the job is the push id.
 */
@Injectable()
export class AnalyzePush implements JobHandler<ClaimedJob> {
  readonly queue = 'push';
  readonly retryDelaysMs = [500, 2_000, 10_000, 30_000, 120_000, 600_000, 1_800_000];
  readonly timeoutMs = 15 * 60_000;
  readonly isFair = true;
  readonly concurrency: number;

  constructor(
    private readonly steps: PushTransitions,
    private readonly resolution: PushResolution,
    private readonly evaluation: EvaluatePush,
    private readonly baselines: Baselines,
    private readonly comparison: PushComparison,
    private readonly logger: Logger,
    config: ScannerConfig,
  ) {
    this.concurrency = config.pushConcurrency;
  }

  async handle(job: ClaimedJob, signal: AbortSignal): Promise<void | 'idle'> {
    try {
      const resolved = await this.resolution.resolve(job.key, signal, async (tx, push) =>
        this.steps.advance(tx, job, push),
      );
      if (!resolved) return await this.steps.done(job);
      const { push, next } = resolved;
      if (next === 'waits for layers') return failpoint('push.layers-queued');
      const baseline = await this.#baselineOf(job, push);
      const evaluation = await this.evaluation.evaluateWithOrigin(push, baseline && baseline.digest, signal);
      const changes = baseline && (await this.comparison.compare(push, baseline, evaluation));
      await this.steps.conclude(job, push, evaluation, baseline, changes);
      this.logger.info(
        { ...describe(push), verdict: evaluation.verdict, duration_ms: Date.now() - push.receivedAt.getTime() },
        'scan done',
      );
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (error instanceof NotAnImage) await this.steps.setAside(job, error);
      else await this.steps.refuse(job, error.code, redactedReason(error));
      this.logger.info({ push_id: job.key, code: error.code }, 'scan refused');
      return 'idle';
    }
  }

  async #baselineOf(job: ClaimedJob, push: Push): Promise<ChosenBaseline | null> {
    try {
      return await this.baselines.of(push);
    } catch (error) {
      if (!(error instanceof NotYet)) throw error;
      await this.steps.awaits(job, error);
      // It may have ended before it could see that this push waits.
      return this.baselines.of(push);
    }
  }

  async giveUp(job: ClaimedJob, problem: JobProblem): Promise<void> {
    await this.steps.giveUp(job, problem);
  }
}

function describe({ id, repository, tag, digest }: Push): Record<string, string | null> {
  return { push_id: id, repository, tag, image_digest: digest };
}
