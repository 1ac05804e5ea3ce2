import { Injectable } from '@nestjs/common';
import { Unavailable } from '@tidewaiter/domain';
import type { JobHandler, JobProblem } from '@tidewaiter/queue';
import { type ClaimedJob, Pushes } from '@tidewaiter/store';

import { ConfigRefresh } from '../layer/config-refresh.js';
import { LayerRefresh } from '../layer/layer-refresh.js';
import { EvaluatePush } from './evaluate-push.js';
import { PushTransitions } from './push-transitions.js';

/**
 * Evaluates a push again because advisories or analyzers changed; its old verdict is valid
 * meanwhile. Publishes nothing, because findings of new advisories were published already, unless a
 * layer was read that could not be read before, or a later image shows that a file was altered. The
 * key of the job is the push id.
 */
@Injectable()
export class ReevaluatePush implements JobHandler<ClaimedJob> {
  readonly queue = 'reevaluate';
  readonly retryDelaysMs = [10_000, 120_000, 600_000, 1_800_000];
  readonly timeoutMs = 30 * 60_000;
  /** Bulk work: pushes take precedence. */
  readonly concurrency = 1;

  constructor(
    private readonly pushes: Pushes,
    private readonly steps: PushTransitions,
    private readonly layers: LayerRefresh,
    private readonly configs: ConfigRefresh,
    private readonly evaluation: EvaluatePush,
  ) {}

  async handle(job: ClaimedJob, signal: AbortSignal): Promise<void> {
    const push = await this.pushes.get(job.key);
    // The running evaluation may have begun before the change that requires the new one.
    if (push?.state === 'analyzing') throw new Unavailable('PUSH_PENDING', 'the push is being analyzed');
    if (push?.state !== 'analyzed') return this.steps.done(job);
    await this.layers.refresh(push, signal);
    await this.configs.refresh(push, signal);
    const evaluation = await this.evaluation.evaluate(push);
    await this.steps.correct(job, push, evaluation, evaluation.mustPublish);
  }

  /** Keeps the old verdict. */
  async giveUp(job: ClaimedJob, problem: JobProblem): Promise<void> {
    await this.steps.abandon(job, problem);
  }
}
