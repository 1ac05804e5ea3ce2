import { Injectable } from '@nestjs/common';
import type { PushChanges } from '@tidewaiter/integrity';
import { failpoint } from '@tidewaiter/runtime';
import { type Push, PushBaselines, PushDifferences, Pushes, Store } from '@tidewaiter/store';

import { type PushEvaluation, EvaluatePush } from './evaluate-push.js';
import { PushComparison } from './push-comparison.js';
import { PushCorrections } from './push-corrections.js';

/** Verifies the signatures of an evaluated push again, and corrects verdict and announcement. */
@Injectable()
export class Reexamination {
  constructor(
    private readonly store: Store,
    private readonly pushes: Pushes,
    private readonly differences: PushDifferences,
    private readonly baselines: PushBaselines,
    private readonly evaluation: EvaluatePush,
    private readonly comparison: PushComparison,
    private readonly corrections: PushCorrections,
  ) {}

  async examine(push: Push, signal: AbortSignal): Promise<PushEvaluation> {
    const { comparedWith } = push;
    const evaluation = await this.evaluation.evaluateWithOrigin(push, comparedWith && comparedWith.digest, signal);
    // Signers and builder are part of the changes of a push.
    const changes = await this.#changes(push, evaluation);
    await this.store.transaction(async (tx) => {
      await this.pushes.reevaluated(tx, push.id, evaluation);
      if (changes) await this.differences.put(tx, push.id, changes);
      await this.corrections.correct(tx, push, evaluation);
    });
    failpoint('push.reexamined');
    return evaluation;
  }

  async #changes(push: Push, evaluation: PushEvaluation): Promise<PushChanges | null> {
    const baseline = push.comparedWith;
    if (!baseline || baseline.tag === null) return null;
    const pushedBy = await this.baselines.pusherOf(push, baseline.tag, baseline.digest);
    return this.comparison.compare(push, { ...baseline, pushedBy }, evaluation);
  }
}
