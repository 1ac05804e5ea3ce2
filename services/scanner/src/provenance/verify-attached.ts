import { Injectable } from '@nestjs/common';
import { type Digest, Unavailable } from '@tidewaiter/domain';
import type { JobHandler, JobProblem } from '@tidewaiter/queue';
import { Logger } from '@tidewaiter/runtime';
import { type ClaimedJob, Jobs, Pushes, Store } from '@tidewaiter/store';

import { Reexamination } from '../push/reexamination.js';

/** Key of a job: the push with the artifact, and the manifest that the artifact is about. */
export function attachedKey(pushId: string, subject: Digest): string {
  return `${pushId} ${subject}`;
}

/**
 * Evaluates images again when something about them arrived after the image, seconds or a year
 * later: a signature, an attestation, a report of a pipeline.
 */
@Injectable()
export class VerifyAttached implements JobHandler<ClaimedJob> {
  readonly queue = 'attached';
  readonly retryDelaysMs = [2_000, 10_000, 60_000, 600_000];
  readonly timeoutMs = 5 * 60_000;
  readonly concurrency = 2;

  constructor(
    private readonly store: Store,
    private readonly jobs: Jobs,
    private readonly pushes: Pushes,
    private readonly reexamination: Reexamination,
    private readonly logger: Logger,
  ) {}

  async handle(job: ClaimedJob, signal: AbortSignal): Promise<void> {
    const [pushId = '', subject = ''] = job.key.split(' ');
    const attached = await this.pushes.get(pushId);
    const holding = attached ? await this.pushes.holding(attached, subject) : [];
    // The push may have checked its signatures just before this one arrived.
    if (holding.some(({ state }) => state === 'analyzing')) {
      throw new Unavailable('IMAGE_UNDER_WAY', `${subject} is being analyzed`);
    }
    for (const push of holding) {
      const evaluation = await this.reexamination.examine(push, signal);
      this.logger.info(
        { push_id: push.id, image_digest: subject, verdict: evaluation.verdict },
        'image reevaluation done',
      );
    }
    await this.store.transaction((tx) => this.jobs.finish(tx, job));
  }

  async giveUp(job: ClaimedJob, { code, reason }: JobProblem): Promise<void> {
    await this.store.transaction(async (tx) => {
      await this.jobs.failIn(tx, job, { code, reason, retryInMs: null });
    });
  }
}
